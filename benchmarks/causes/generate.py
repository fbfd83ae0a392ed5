"""Makes an organisation's hourly cube, its changes and the causes planted in it."""

from __future__ import annotations

from pathlib import Path

import duckdb

from benchmarks.detection.generate import SQL as SHARED_SQL
from benchmarks.detection.generate import lay_out, make_usage
from benchmarks.detection.tracks import Kind, Track

SQL = Path(__file__).parent / "sql"
TABLES = ("usage", "quiet_usage", "changes", "planted", "incidents")


def generate(
    connection: duckdb.DuckDBPyConnection, track: Track, seed: int, kinds: tuple[Kind, ...]
) -> None:
    """Leaves `usage`, `quiet_usage` (as if nothing had happened), `changes` and what was planted.

    Workloads, tenants and their rates are those of benchmarks/detection.
    """
    lay_out(connection, track, seed, kinds)
    for script in (SQL / "incidents.sql", SQL / "changes.sql", SHARED_SQL / "synthetic_rates.sql"):
        connection.execute(script.read_text())
    make_usage(connection, SQL / "usage.sql")
