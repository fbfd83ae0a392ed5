"""The hand-written query that prices and rolls up a lake by day, tenant, feature and model."""

from __future__ import annotations

from pathlib import Path
from string import Template

import duckdb

_SQL = Path(__file__).with_name("rollup.sql")


def roll_up(raw: Path, prices: Path, out: Path) -> None:
    """Makes table ``daily_costs`` in a DuckDB file.

    Args:
        raw: the lake's folder.
        prices: the price list of the seeds.
        out: the file to make.
    """
    out.unlink(missing_ok=True)
    files = [str(path) for path in sorted((raw / "calls").rglob("*.parquet"))]
    sql = Template(_SQL.read_text(encoding="utf-8")).substitute(prices=prices, files=files)
    with duckdb.connect(str(out)) as connection:
        connection.execute("set threads = 2")
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set preserve_insertion_order = false")
        connection.execute(sql)
