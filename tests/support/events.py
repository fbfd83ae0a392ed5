"""Product events and changes written by tests, landed in a lake of their own, and read back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from ingest.events.landing import EventLanding
from ingest.inputs import find_files
from ingest.lake import Lake
from ingest.results import FileResult
from ingest.schemas import CHANGES, PRODUCT_EVENTS
from ingest.settings import Settings

AT = "2026-10-05T10:00:00Z"


def event(event_id: str | None = "e1", **fields: Any) -> dict[str, Any]:
    """A valid event, with what the test wants different."""
    row = {
        "event_id": event_id,
        "event_name": "task_succeeded",
        "occurred_at": AT,
        "task_id": "t1",
    }
    return {name: value for name, value in {**row, **fields}.items() if value is not None}


def change(**fields: Any) -> dict[str, Any]:
    """A valid change, with what the test wants different."""
    row = {"change_id": "c1", "change_type": "deploy", "changed_at": AT}
    return {name: value for name, value in {**row, **fields}.items() if value is not None}


def ndjson(*rows: dict[str, Any] | str | bytes) -> bytes:
    """One line a row; texts as they are."""
    lines = [
        row
        if isinstance(row, bytes)
        else (row if isinstance(row, str) else json.dumps(row)).encode()
        for row in rows
    ]
    return b"".join(line + b"\n" for line in lines)


class EventLake:
    """A lake in a test's folder."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.files = folder / "files"
        self.notes: list[str] = []

    def write(self, name: str, content: bytes | str) -> Path:
        path = self.files / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def land(
        self, *paths: Path, source: str = "product-events", **options: Any
    ) -> list[FileResult]:
        """Land files in one command."""
        landing = EventLanding(source, Settings(self.data, b"secret"), **options)
        results = list(landing.run(find_files([str(path) for path in paths])))
        self.notes = landing.notes
        assert all(result.balanced for result in results)
        return results

    def put(self, name: str, *rows: dict[str, Any] | str | bytes, **options: Any) -> FileResult:
        """Write rows as NDJSON and land them."""
        [result] = self.land(self.write(name, ndjson(*rows)), **options)
        return result

    def rows(
        self, columns: str = "*", where: str = "is_current", source: str = "product-events"
    ) -> list[tuple[Any, ...]]:
        """Rows of the source's table in order of id and line."""
        table = {"product-events": PRODUCT_EVENTS, "changes": CHANGES}[source]
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
        with duckdb.connect() as con:
            con.execute("set TimeZone = 'UTC'")
            return con.execute(
                f"select {columns} from read_parquet({paths!r}, hive_partitioning = true)"
                f" where {where} order by {table.columns[1][0]}, landed_at, source_line"
            ).fetchall()

    def refused(self) -> list[tuple[Any, ...]]:
        """Line, reason, field and value of what waits in quarantine."""
        return self.quarantine("source_line, reason, field, value")

    def quarantine(self, columns: str) -> list[tuple[Any, ...]]:
        folder = self.data / "quarantine"
        if not list(folder.glob("**/*.parquet")):
            return []
        return duckdb.sql(
            f"select {columns} from read_parquet('{folder}/**/*.parquet')"
            " order by source_file, source_line"
        ).fetchall()


def counts(result: FileResult) -> tuple[int, int, int, int]:
    """Read, landed, duplicate, quarantined."""
    return (
        result.rows_read,
        result.rows_landed,
        result.rows_duplicate,
        result.rows_quarantined,
    )


def attributes(values: dict[str, Any]) -> Sequence[dict[str, Any]]:
    """Attributes as OTLP/JSON writes them."""
    kinds = {str: "stringValue", float: "doubleValue", bool: "boolValue"}
    return [
        {"key": key, "value": {kinds.get(type(value), "intValue"): value}}
        for key, value in values.items()
    ]
