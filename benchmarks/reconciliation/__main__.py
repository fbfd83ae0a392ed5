"""Draws companies, builds their warehouse, scores it: ``python -m benchmarks.reconciliation``."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.reconciliation.draw import companies
from benchmarks.reconciliation.month import land_bills
from benchmarks.reconciliation.raw import land_companies, write_seeds
from benchmarks.reconciliation.score import score
from pipeline.build import build, describe
from pipeline.settings import Settings

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def recover(
    folder: Path,
    count: Annotated[int, typer.Option(help="How many companies.")] = 200,
    seed: Annotated[int, typer.Option(help="Another seed, other companies.")] = 1,
) -> None:
    """Build so many companies into one warehouse of an empty folder; print the score as JSON."""
    drawn = companies(count, seed)
    land_companies(folder, drawn)
    settings = Settings(data=folder, seeds=write_seeds(folder / "seeds"))
    started = time.process_time()
    report = build(settings)
    if not report.succeeded:
        print(describe(report, settings.warehouse))
        raise typer.Exit(1)
    found = vars(score(settings.warehouse, drawn))
    print(json.dumps(found | {"cpu_seconds": time.process_time() - started}))


@app.command()
def bills(data: Path) -> None:
    """Write exports and invoices that fit the calls of a lake."""
    land_bills(data)


if __name__ == "__main__":
    app()
