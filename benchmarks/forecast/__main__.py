"""Draws series, builds their forecasts, scores them: ``python -m benchmarks.forecast FOLDER``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.forecast.run import score_series
from benchmarks.forecast.score import DayScore
from benchmarks.forecast.series import kinds

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
    print(table(score_series(folder, kinds(count, seed, rates))))


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
