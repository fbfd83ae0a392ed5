"""Write the data files of a raw table below a work folder; nobody sees them before the commit."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path

import duckdb

from ingest.lake import DataFile
from ingest.schemas import CALLS, Table

MEMORY_LIMIT = "1500MB"
# a second thread costs a third more CPU: the parse gains nothing from it, only the write does
THREADS = 1
# level 1 is as small here and a fifth cheaper; no reader of ours uses bloom filters
PARQUET = "format parquet, compression zstd, compression_level 1, write_bloom_filter false"


class DataFileWriter:
    """Writes data files and remembers them.

    Args:
        con: the landing's connection.
        staged: folder the files are written below, laid out like the table.
        table: the table they are for.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, staged: Path, table: Table = CALLS) -> None:
        self.con = con
        self.stored = stored_columns(table)
        self.staged = staged
        self.added: list[DataFile] = []

    def write(self, relation: str, dates: Sequence[str]) -> None:
        """Write a relation below the work folder, one file for each of its dates."""
        if len(dates) == 1:
            self.write_file(dates[0], f"select {self.stored} from {relation}")
            return
        self.staged.mkdir(exist_ok=True)
        files = self.con.execute(
            f"copy (select {self.stored}, event_date from {relation}) to '{self.staged}' ("
            f"{PARQUET}, partition_by (event_date), append true,"
            " filename_pattern '{uuid}', return_stats true)"
        ).to_arrow_table()
        for file in files.to_pylist():
            path = Path(file["filename"]).relative_to(self.staged)
            date = path.parent.name.removeprefix("event_date=")
            self.added.append(DataFile(str(path), date, file["count"], file["file_size_bytes"]))

    def write_file(self, date: str, query: str) -> None:
        """Write one data file of a date below the work folder."""
        path = f"event_date={date}/{uuid.uuid4().hex}.parquet"
        target = self.staged / path
        target.parent.mkdir(parents=True, exist_ok=True)
        [(rows,)] = self.con.execute(f"copy ({query}) to '{target}' ({PARQUET})").fetchall()
        if rows:
            self.added.append(DataFile(path, date, rows, target.stat().st_size))


def stored_columns(table: Table) -> str:
    """The columns a data file holds: all but the partition's."""
    return ", ".join(f'"{name}"' for name in table.names if name != table.partition_by)
