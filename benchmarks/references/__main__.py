"""Runs one reference program in a process of its own: ``python -m benchmarks.references …``."""

from __future__ import annotations

from pathlib import Path

import typer

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def copy(log: Path, out: Path) -> None:
    """Copy a call log to Parquet, nothing checked."""
    from benchmarks.references.bare_copy import copy_typed

    copy_typed(log, out)


@app.command()
def rollup(raw: Path, prices: Path, out: Path) -> None:
    """Price and roll up a lake by day, tenant, feature and model."""
    from benchmarks.references.rollup import roll_up

    roll_up(raw, prices, out)


@app.command()
def totals(hand_written: Path, warehouse: Path) -> None:
    """Print calls, tokens and dollars of both sides as JSON, one list each."""
    from benchmarks.references.totals import totals_of

    print(json.dumps([totals_of(hand_written, "daily_costs"), *totals_of_marts(warehouse)]))


@app.command()
def nothing() -> None:
    """Start and end: what Python and the imports cost."""
    import duckdb

    duckdb.connect().close()


app()
