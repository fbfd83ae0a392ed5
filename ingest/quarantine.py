"""Rows that could not land: kept with file, line, reason and their own text.

Data flow: refused rows of a landing -> data/quarantine/<source>/<name>.parquet, one file per
landed file. The name comes from the file's name and content, so a landing that is repeated after
a crash replaces its own quarantine file and never adds a second one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import duckdb

from ingest.inputs import InputFile
from ingest.schemas import QUARANTINE
from ingest.sqltext import quoted
from ingest.store import Location, put


class Refusing(Protocol):
    """A file's result as far as quarantine needs it."""

    source: str
    file: InputFile
    sha256: str
    rows_quarantined: int


def write_quarantine(
    con: duckdb.DuckDBPyConnection, work: Path, folder: Location, results: Sequence[Refusing]
) -> None:
    """Write the rows of ``refused`` per file, each file whole or not at all."""
    for number, result in enumerate(results):
        if not result.rows_quarantined:
            continue
        unfinished = work / "refused.parquet"
        columns = ", ".join(QUARANTINE.names)
        con.execute(
            f"copy (select {columns} from refused where file_no = {number} order by source_line)"
            f" to '{quoted(str(unfinished))}' (format parquet)"
        )
        put(unfinished, folder / result.source / f"{_name(result)}.parquet")


def refusals_told(con: duckdb.DuckDBPyConnection, results: Sequence[Refusing]) -> list[str]:
    """One note a file and reason, with the first row it happened to."""
    notes = []
    for number, reason, count, line, field, value in con.execute(
        """
        select
            file_no,
            reason,
            count(*),
            min(source_line),
            arg_min(field, source_line),
            left(arg_min(value, source_line), 80)
        from refused
        group by file_no, reason
        order by file_no, min(source_line), reason
        """
    ).fetchall():
        more = f", and {count - 1:,} more" if count > 1 else ""
        notes.append(
            f"{results[number].file.name}, line {line}: quarantined as {reason}"
            f" ({field}: {value}){more}"
        )
    return notes


def _name(result: Refusing) -> str:
    identity = f"{result.file.name}\0{result.sha256}"
    return hashlib.sha256(identity.encode()).hexdigest()[:24]
