"""Makes an organisation's hourly usage, with its incidents and without, in a DuckDB connection."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import duckdb

from benchmarks.detection.tracks import CLIENT_RATES, MONDAY, Kind, Track

SQL = Path(__file__).parent / "sql"


def generate(
    connection: duckdb.DuckDBPyConnection, track: Track, seed: int, kinds: tuple[Kind, ...]
) -> None:
    """Leaves `workloads`, `incidents`, `usage` and `quiet_usage` (as if nothing had happened)."""
    lay_out(connection, track, seed, kinds)
    connection.execute((SQL / "incidents.sql").read_text())
    rates = "servegen_rates.sql" if track.clients else "synthetic_rates.sql"
    connection.execute((SQL / rates).read_text())
    make_usage(connection, SQL / "usage.sql")


def scripts() -> list[str]:
    """The statements organisations are made with: other statements make others."""
    return [file.read_text() for file in sorted(SQL.glob("*.sql"))]


def make_usage(connection: duckdb.DuckDBPyConnection, script: Path) -> None:
    """Leaves `usage`, and `quiet_usage`: the same without what was planted."""
    select = script.read_text()
    for name, is_struck in (("usage", "true"), ("quiet_usage", "false")):
        connection.execute(
            f"create or replace table {name} as {select.replace('$is_struck', is_struck)}"
        )


def lay_out(
    connection: duckdb.DuckDBPyConnection, track: Track, seed: int, kinds: tuple[Kind, ...]
) -> None:
    """Leaves `track`, `kinds`, `workloads` and `pairs`: an organisation before anything happens."""
    connection.execute("set timezone = 'UTC'")
    connection.execute((SQL / "macros.sql").read_text())
    settings = {
        key: value for key, value in asdict(track).items() if key not in ("name", "clients")
    }
    listed = ", ".join(f"{value} as {key}" for key, value in settings.items())
    connection.execute(
        f"create or replace table track as select cast({seed} as bigint) as seed, "
        f"timestamptz '{MONDAY.isoformat()}' as started_at, {listed}"
    )
    if track.clients:
        connection.execute(f"create or replace view client_rates as select * from '{CLIENT_RATES}'")
        connection.execute(
            f"create or replace macro is_client(active_share, variation) as {track.clients}"
        )
    connection.execute(
        "create or replace table kinds "
        "(kind varchar, shortest double, longest double, smallest double, largest double)"
    )
    connection.executemany("insert into kinds values (?, ?, ?, ?, ?)", [list(row) for row in kinds])
    connection.execute((SQL / "organisation.sql").read_text())
