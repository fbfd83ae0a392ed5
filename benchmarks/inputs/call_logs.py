"""A call log to land, with what has to become of its lines known from its size alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from string import Template

import duckdb

_SQL = Path(__file__).with_name("call_logs.sql")


@dataclass(frozen=True)
class Truth:
    """What has to become of the lines of a log."""

    read: int
    landed: int
    duplicate: int
    quarantined: int


def truth_of(rows: int) -> Truth:
    """One line in 100 repeats an earlier one, one in 1,000 is bad.

    Args:
        rows: lines of the log, a multiple of 1,000.
    """
    return Truth(rows, rows - rows // 100 - rows // 1000, rows // 100, rows // 1000)


def write_call_log(path: Path, rows: int) -> None:
    """Writes a log of ``rows`` lines; the same lines at every call."""
    sql = Template(_SQL.read_text(encoding="utf-8")).substitute(
        # characters that no line holds, so that the CSV writer copies every line as it is
        rows=rows,
        file=path,
        no_delimiter="\x01",
        no_quote="\x02",
    )
    with duckdb.connect() as connection:
        connection.execute("set threads = 2")
        connection.execute(sql)
