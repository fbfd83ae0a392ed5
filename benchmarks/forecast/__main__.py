"""Draws series, builds their forecasts, scores them: ``python -m benchmarks.forecast FOLDER``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.forecast.land import land_series
from benchmarks.forecast.score import DayScore, score
from benchmarks.forecast.series import kinds
from pipeline.build import build, describe
from pipeline.settings import Settings

FORECASTS = ("resource_type:seed", "+int_spend_forecasts_daily,resource_type:model")

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def forecast(
    folder: Path,
    count: Annotated[int, typer.Option(help="Series of each kind.")] = 240,
    seed: Annotated[int, typer.Option(help="Another seed, other series.")] = 1,
    rates: Annotated[
        Path | None, typer.Option(help="client_rates.parquet of ServeGen: real rates too.")
    ] = None,
) -> None:
    """Forecast a month of so many series in an empty folder; print errors and coverage."""
    made = kinds(count, seed, rates)
    land_series(folder, made)
    report = build(Settings(data=folder), select=FORECASTS)
    if not report.succeeded:
        print(describe(report, folder))
        raise typer.Exit(1)
    print(table(score(Settings(data=folder).warehouse, made)))


def table(scores: list[DayScore]) -> str:
    """The score for people: errors, coverage and width in per cent."""
    lines = ["kind            day   ours  blend  run rate  coverage  width"]
    lines += [
        f"{line.kind:<14} {line.day:>4} {line.ours:>6.1%} {line.blend:>6.1%} {line.run_rate:>9.1%}"
        f" {line.coverage:>9.0%} {line.width:>6.0%}"
        for line in scores
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    app()
