"""Makes one input, in a process of its own: ``python -m benchmarks.inputs log|lake …``."""

from __future__ import annotations

from pathlib import Path

import typer

from benchmarks.inputs.call_logs import write_call_log
from benchmarks.inputs.lake import land_days

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def log(path: Path, rows: int) -> None:
    """Write a call log of so many lines."""
    write_call_log(path, rows)


@app.command()
def lake(raw: Path, rows_a_day: int, first: int, days: int) -> None:
    """Land days of calls in a lake."""
    land_days(raw, rows_a_day=rows_a_day, first=first, days=days)


app()
