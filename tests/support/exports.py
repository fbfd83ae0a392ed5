"""Provider exports written by tests, landed in a lake of their own, and read back."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from ingest.exports.landing import ExportLanding
from ingest.inputs import find_files
from ingest.lake import Lake
from ingest.results import FileResult
from ingest.schemas import INVOICE_LINES, PROVIDER_LINES, Table
from ingest.settings import Settings

Rows = list[dict[str, Any]]


class ExportLake:
    """A lake in a test's folder."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.files = folder / "files"
        self.files.mkdir(parents=True, exist_ok=True)
        self.notes: list[str] = []

    def write(self, name: str, content: Any) -> Path:
        """A file: text as it is, bytes as they are, anything else as JSON."""
        path = self.files / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        else:
            path.write_text(json.dumps(content, default=str), encoding="utf-8")
        return path

    def land(self, source: str, *paths: Path, **options: Any) -> FileResult:
        """Land files in one command; their results summed up."""
        settings = Settings(data=self.data, hash_key=None)
        landing = ExportLanding(source, settings, **options)
        results = list(landing.run(find_files([str(path) for path in paths])))
        self.notes = landing.notes
        assert all(result.balanced for result in results)
        total = results[0]
        for result in results[1:]:
            for name in ("read", "landed", "duplicate", "quarantined", "superseding"):
                field = f"rows_{name}"
                setattr(total, field, getattr(total, field) + getattr(result, field))
            total.touched_dates |= result.touched_dates
        return total

    def land_new(self, source: str, name: str, content: Any, **options: Any) -> FileResult:
        """Write a file and land it."""
        return self.land(source, self.write(name, content), **options)

    def rows(self, table: Table = PROVIDER_LINES, *, current: bool = True) -> Rows:
        """Rows of a raw table in a fixed order."""
        lake = Lake(self.data / "raw")
        if not lake.exists(table):
            return []
        paths = [
            str(lake.folder(table) / file.path)
            for day in lake.files(lake.open(table)).values()
            for file in day
        ]
        if not paths:
            return []
        where = "where is_current" if current else ""
        last = "line_index" if table is PROVIDER_LINES else "line_number"
        with duckdb.connect() as con:
            con.execute("set TimeZone = 'UTC'")
            found = con.execute(
                f"select * from read_parquet({paths!r}, hive_partitioning = true) {where}"
                f" order by event_date, source_file, source_line, line_id, {last}"
            )
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def invoices(self, *, current: bool = True) -> Rows:
        """Rows of ``invoice_lines``."""
        return self.rows(INVOICE_LINES, current=current)

    def meters(self, **where: Any) -> dict[str, Decimal]:
        """Current quantities by meter, of the usage rows that have these values."""
        found: dict[str, Decimal] = {}
        for row in self.rows():
            if row["line_kind"] == "usage" and where.items() <= row.items():
                found[row["meter"]] = found.get(row["meter"], Decimal(0)) + row["quantity"]
        return found

    def amount(self, **where: Any) -> Decimal:
        """The sum of current amounts of the cost rows that have these values."""
        amounts = [
            row["amount"]
            for row in self.rows()
            if row["line_kind"] == "cost" and where.items() <= row.items()
        ]
        return sum(amounts, Decimal(0))

    def refused(self) -> Rows:
        """The quarantine."""
        files = [str(path) for path in sorted((self.data / "quarantine").glob("**/*.parquet"))]
        if not files:
            return []
        found = duckdb.execute(
            f"select * from read_parquet({files!r}) order by source_file, source_line, field"
        )
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def unix(day: str) -> int:
    """The unix second a UTC day begins at."""
    return int(dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC).timestamp())


def openai_page(days: Mapping[str, Sequence[Mapping[str, Any]]], **page: Any) -> dict[str, Any]:
    """A page of the OpenAI Admin API with one-day buckets."""
    buckets = [
        {
            "object": "bucket",
            "start_time": unix(day),
            "end_time": unix(day) + 86_400,
            "results": list(results),
        }
        for day, results in days.items()
    ]
    return {"object": "page", "data": buckets, "has_more": False, "next_page": None, **page}


def openai_cost(value: Any, line_item: str | None = None, **fields: Any) -> dict[str, Any]:
    """A result of the OpenAI costs API."""
    return {
        "object": "organization.costs.result",
        "amount": {"value": value, "currency": "usd"},
        "line_item": line_item,
        "project_id": None,
        **fields,
    }


def openai_usage(**fields: Any) -> dict[str, Any]:
    """A result of the OpenAI completions usage API."""
    return {
        "object": "organization.usage.completions.result",
        "input_tokens": 100,
        "output_tokens": 10,
        "num_model_requests": 1,
        "project_id": None,
        "model": "gpt-4o-2024-08-06",
        **fields,
    }
