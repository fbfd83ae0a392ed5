"""The hand-written query that prices and rolls up a lake by day, tenant, feature and model."""

from __future__ import annotations

from pathlib import Path

from benchmarks.references.query import run_query


def roll_up(raw: Path, prices: Path, out: Path) -> None:
    """Makes table ``daily_costs`` in a DuckDB file.

    Args:
        raw: the lake's folder.
        prices: the price list of the seeds.
        out: the file to make.
    """
    files = [str(path) for path in sorted((raw / "calls").rglob("*.parquet"))]
    run_query("rollup", prices, out, files=files)
