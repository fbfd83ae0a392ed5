"""A lake of calls that have already landed, written straight as the raw Delta table.

Data flow: lake_day.sql, one query a day -> raw/calls (one Parquet file a day, one commit).
"""

from __future__ import annotations

import datetime as dt
import uuid
from pathlib import Path
from string import Template

import duckdb

from ingest.lake import Change, DataFile, Lake
from ingest.schemas import CALLS

FIRST_DAY = dt.date(2026, 8, 10)
_DAY_SQL = Path(__file__).with_name("lake_day.sql")


def land_days(raw: Path, *, rows_a_day: int, first: int, days: int) -> None:
    """Commits the calls of some days as one landing.

    Args:
        raw: the lake's folder; made when absent.
        rows_a_day: calls on each day.
        first: number of the first day; day 0 is ``FIRST_DAY``.
        days: how many days.
    """
    lake = Lake(raw)
    change = Change()
    landing_id = uuid.uuid4().hex
    snapshot = lake.open(CALLS)
    with duckdb.connect() as connection:
        connection.execute("set threads = 2")
        connection.execute("set TimeZone = 'UTC'")
        for number in range(first, first + days):
            change.added.append(
                _write_day(connection, raw / CALLS.name, number, rows_a_day, landing_id)
            )
    change.landings.append(_manifest_row(landing_id, change.added, rows_a_day))
    lake.commit(snapshot, change)


def _write_day(
    connection: duckdb.DuckDBPyConnection, table: Path, number: int, rows: int, landing_id: str
) -> DataFile:
    day = FIRST_DAY + dt.timedelta(days=number)
    path = f"event_date={day}/{landing_id}.parquet"
    target = table / path
    target.parent.mkdir(parents=True, exist_ok=True)
    connection.execute(
        f"copy ({_day_sql(connection, number, rows, landing_id)})"
        f" to '{target}' (format parquet, compression zstd)"
    )
    return DataFile(path, str(day), rows, target.stat().st_size)


def _day_sql(connection: duckdb.DuckDBPyConnection, number: int, rows: int, landing_id: str) -> str:
    """The day's rows with every column of ``calls``, also those the benchmark has no use for."""
    day = FIRST_DAY + dt.timedelta(days=number)
    midnight = int(dt.datetime.combine(day, dt.time(), dt.UTC).timestamp()) * 1_000_000
    rows_sql = Template(_DAY_SQL.read_text(encoding="utf-8")).substitute(
        day=number, rows=rows, midnight=midnight
    )
    described = connection.execute(f"describe {rows_sql}").fetchall()
    made = {row[0]: f'"{row[0]}"' for row in described} | {
        "landing_id": f"'{landing_id}'",
        "landed_at": "timestamptz '2026-11-20 00:00:00+00'",
    }
    columns = ", ".join(
        f'cast({made.get(name, "null")} as {kind}) as "{name}"'
        for name, kind in CALLS.columns
        if name != CALLS.partition_by
    )
    return f"select {columns} from ({rows_sql})"


def _manifest_row(landing_id: str, files: list[DataFile], rows_a_day: int) -> dict[str, object]:
    rows = rows_a_day * len(files)
    now = dt.datetime.now(dt.UTC)
    return {
        "landing_id": landing_id,
        "source": "calls",
        "source_file": "benchmark.ndjson",
        "file_sha256": landing_id,
        "file_bytes": sum(file.size for file in files),
        "rows_read": rows,
        "rows_landed": rows,
        "rows_duplicate": 0,
        "rows_quarantined": 0,
        "rows_superseding": 0,
        "rows_component": 0,
        "touched_dates": ",".join(file.partition for file in files),
        "first_event_at": None,
        "last_event_at": None,
        "landed_at": now,
        "code_version": "benchmark",
    }
