"""Merge the small data files of each day into one, without changing a row.

Readers keep their file lists: replaced files stay on disk until nobody can still be reading them
(``RETENTION_HOURS``), then the next compaction removes them, with whatever a crash left behind.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from ingest.datafiles import MEMORY_LIMIT, PARQUET, THREADS
from ingest.lake import Change, DataFile, Lake
from ingest.schemas import LANDINGS, RAW_TABLES, Table
from ingest.sqltext import quoted
from ingest.store import Location, allow_reads, put

RETENTION_HOURS = 24 * 7
SMALL_FILES_PER_DAY = 2
MAX_ROWS_PER_FILE = 5_000_000


@dataclass(frozen=True)
class CompactResult:
    """Files before and after, rows carried over, and stale files removed."""

    files_before: int
    files_after: int
    rows: int
    removed_from_disk: int


def compact(lake: Lake, advance: Callable[[int], None] = lambda _: None) -> CompactResult:
    """Merge every day that holds several files; one commit a table.

    Raises:
        LakeBusyError: somebody committed meanwhile; nothing changed, run it again.
        StoreError: the object store cannot be used.
    """
    with lake.writing() as work, duckdb.connect() as con:
        allow_reads(con, lake.root)
        con.execute(f"set threads = {THREADS}; set memory_limit = '{MEMORY_LIMIT}'")
        con.execute("set TimeZone = 'UTC'")
        merged = [
            _compact_table(con, lake, work, table, advance)
            for table in RAW_TABLES
            if lake.exists(table)
        ]
        if lake.exists(LANDINGS):
            lake.open(LANDINGS).optimize.compact()
        return CompactResult(
            sum(result.files_before for result in merged),
            sum(result.files_after for result in merged),
            sum(result.rows for result in merged),
            sum(result.removed_from_disk for result in merged),
        )


def _compact_table(
    con: duckdb.DuckDBPyConnection,
    lake: Lake,
    work: Path,
    table: Table,
    advance: Callable[[int], None],
) -> CompactResult:
    folder = lake.folder(table)
    snapshot = lake.open(table)
    files = lake.files(snapshot)
    change = Change(table=table)
    for date, day_files in sorted(files.items()):
        if len(day_files) >= SMALL_FILES_PER_DAY and _rows(day_files) <= MAX_ROWS_PER_FILE:
            change.added.append(_merge(con, folder, work, date, day_files))
            change.removed += day_files
        advance(1)
    if change.added:
        lake.commit(snapshot, change)
    removed = lake.open(table).vacuum(
        retention_hours=RETENTION_HOURS, dry_run=False, enforce_retention_duration=False
    )
    before = sum(map(len, files.values()))
    after = before - len(change.removed) + len(change.added)
    return CompactResult(before, after, _rows(change.added), len(removed))


def _rows(files: list[DataFile]) -> int:
    return sum(file.rows for file in files)


def _merge(
    con: duckdb.DuckDBPyConnection, folder: Location, work: Path, date: str, files: list[DataFile]
) -> DataFile:
    path = f"event_date={date}/{uuid.uuid4().hex}.parquet"
    merged = work / "merged.parquet"
    sources = [str(folder / file.path) for file in files]
    con.execute(
        "copy (select * from read_parquet($sources, hive_partitioning = false,"
        f" union_by_name = true)) to '{quoted(str(merged))}'"
        f" ({PARQUET})",
        {"sources": sources},
    )
    size = merged.stat().st_size
    put(merged, folder / path)
    return DataFile(path, date, _rows(files), size)
