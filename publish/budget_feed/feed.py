"""Writes the budget feed and keeps every one that was written.

Data flow: marts.fct_budget_positions -> data/budgets/{feed.parquet,feed.json} and
data/budgets/history/date=<day>/feed-<instant>.parquet

Each file is written beside its place and renamed: nobody reads half a feed. Parquet and JSON hold
the same rows; money is text in JSON, so that no digit is lost. History is only ever added to.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingest.store import LOCAL_DATA, Location, allow_reads
from publish.budget_feed.overshoot import blind_seconds, hours_touched

POSITIONS = """
    select
        budget_id, scope_type, scope_id, period, period_start_date, hour_at,
        budget_usd as limit_usd, spent_usd, remaining_usd, as_of_at, status,
        unpriced_call_count, peak_hour_cost_usd
    from marts.fct_budget_positions
    order by budget_id
"""

_MONEY = pa.decimal128(38, 12)
_INSTANT = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema(
    [
        ("feed_id", pa.string()),
        ("published_at", _INSTANT),
        ("budget_id", pa.string()),
        ("scope_type", pa.string()),
        ("scope_id", pa.string()),
        ("period", pa.string()),
        ("period_start_date", pa.date32()),
        ("hour_at", _INSTANT),
        ("limit_usd", _MONEY),
        ("spent_usd", _MONEY),
        ("remaining_usd", _MONEY),
        ("as_of_at", _INSTANT),
        ("status", pa.string()),
        ("unpriced_call_count", pa.int64()),
        ("peak_hour_cost_usd", _MONEY),
        ("blind_seconds", pa.int64()),
        ("worst_overshoot_usd", _MONEY),
    ]
)


class BudgetFeedError(Exception):
    """The warehouse cannot be used; the message says what to do. Exit 2."""


@dataclass(frozen=True)
class Feed:
    """One written feed.

    Attributes:
        feed_id: its instant, as in the name of its file in the history.
        rows: one per budget.
        files: the Parquet, the JSON and the file in the history.
    """

    feed_id: str
    rows: list[dict[str, Any]]
    files: tuple[Path, Path, Path]


def write_feed(
    warehouse: Path,
    folder: Path,
    *,
    published_at: dt.datetime,
    interval_seconds: int,
    late_seconds: int,
    lake: Location = LOCAL_DATA,
) -> Feed:
    """Writes the feed of a warehouse.

    Args:
        warehouse: the warehouse file; opened read-only.
        folder: where the feed and its history go.
        published_at: now.
        interval_seconds: time until the next feed.
        late_seconds: how long after it begins a call may still land.
        lake: where what the warehouse shows as views is.

    Raises:
        BudgetFeedError: the warehouse is not there or too old.
    """
    positions = _positions(warehouse, lake)
    feed_id = published_at.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%S%fZ")
    rows = [
        {"feed_id": feed_id, "published_at": published_at}
        | position
        | _bound(position, published_at, interval_seconds, late_seconds)
        for position in positions
    ]
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    history = folder / "history" / f"date={feed_id[:4]}-{feed_id[4:6]}-{feed_id[6:8]}"
    files = (folder / "feed.parquet", folder / "feed.json", history / f"feed-{feed_id}.parquet")
    history.mkdir(parents=True, exist_ok=True)
    _write_parquet(files[2], table)
    _write_parquet(files[0], table)
    _write_text(files[1], _as_json(feed_id, published_at, interval_seconds, rows))
    return Feed(feed_id, rows, files)


def _positions(warehouse: Path, lake: Location) -> list[dict[str, Any]]:
    if not warehouse.exists():
        raise BudgetFeedError(f"{warehouse} is not there yet; `make build` makes it")
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        allow_reads(connection, lake)
        connection.execute("set timezone = 'UTC'")
        try:
            result = connection.execute(POSITIONS)
        except duckdb.CatalogException as error:
            raise BudgetFeedError(f"{warehouse} has no budgets: `make build` makes them") from error
        names = [column[0] for column in result.description or []]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _bound(
    position: dict[str, Any], published_at: dt.datetime, interval_seconds: int, late_seconds: int
) -> dict[str, Any]:
    """The worst overshoot; unknown for a scope that never cost anything."""
    seconds = blind_seconds(
        published_at,
        position["as_of_at"],
        late_seconds=late_seconds,
        interval_seconds=interval_seconds,
    )
    peak: Decimal | None = position["peak_hour_cost_usd"]
    worst = None if peak is None else peak * hours_touched(seconds)
    return {"blind_seconds": seconds, "worst_overshoot_usd": worst}


def _write_parquet(file: Path, table: pa.Table) -> None:
    draft = file.with_suffix(".parquet.tmp")
    pq.write_table(table, draft, compression="zstd")
    draft.replace(file)


def _write_text(file: Path, text: str) -> None:
    draft = file.with_suffix(".json.tmp")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)


def _as_json(
    feed_id: str, published_at: dt.datetime, interval_seconds: int, rows: list[dict[str, Any]]
) -> str:
    budgets = [
        {name: _plain(value) for name, value in row.items()
         if name not in ("feed_id", "published_at")}
        for row in rows
    ]  # fmt: skip
    document = {
        "feed_id": feed_id,
        "published_at": _plain(published_at),
        "interval_seconds": interval_seconds,
        "budgets": budgets,
    }
    return json.dumps(document, indent=1) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value.isoformat() if isinstance(value, dt.date) else value
