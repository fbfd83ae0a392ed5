"""Merge the small data files of each day into one, without changing a row.

Readers keep their file lists: replaced files stay on disk until nobody can still be reading them
(``RETENTION_HOURS``), then the next compaction removes them, with whatever a crash left behind.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

import duckdb

from ingest.datafiles import MEMORY_LIMIT, PARQUET, THREADS
from ingest.lake import Change, DataFile, Lake
from ingest.schemas import CALLS, LANDINGS
from ingest.sqltext import quoted

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
    """Merge every day that holds several files; one commit for all of them.

    Raises:
        LakeBusyError: somebody committed meanwhile; nothing changed, run it again.
    """
    with lake.writing():
        lake.recover()
        snapshot = lake.open(CALLS)
        files = lake.files(snapshot)
        change = Change()
        con = duckdb.connect()
        con.execute(f"set threads = {THREADS}; set memory_limit = '{MEMORY_LIMIT}'")
        con.execute("set TimeZone = 'UTC'")
        for date, day_files in sorted(files.items()):
            if len(day_files) >= SMALL_FILES_PER_DAY and _rows(day_files) <= MAX_ROWS_PER_FILE:
                change.added.append(_merge(con, lake, date, day_files))
                change.removed += day_files
            advance(1)
        if change.added:
            lake.commit(snapshot, change)
        removed = lake.open(CALLS).vacuum(
            retention_hours=RETENTION_HOURS, dry_run=False, enforce_retention_duration=False
        )
        if lake.exists(LANDINGS):
            lake.open(LANDINGS).optimize.compact()
        before = sum(map(len, files.values()))
        after = before - len(change.removed) + len(change.added)
        return CompactResult(before, after, _rows(change.added), len(removed))


def _rows(files: list[DataFile]) -> int:
    return sum(file.rows for file in files)


def _merge(
    con: duckdb.DuckDBPyConnection, lake: Lake, date: str, files: list[DataFile]
) -> DataFile:
    folder = lake.folder(CALLS)
    path = f"event_date={date}/{uuid.uuid4().hex}.parquet"
    sources = [str(folder / file.path) for file in files]
    con.execute(
        "copy (select * from read_parquet($sources, hive_partitioning = false,"
        f" union_by_name = true)) to '{quoted(str(folder / path))}'"
        f" ({PARQUET})",
        {"sources": sources},
    )
    return DataFile(path, date, _rows(files), (folder / path).stat().st_size)
