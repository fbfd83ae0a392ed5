"""Scores the project's detection on labelled incidents: ``python -m benchmarks.detection``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.detection.bench import run_track
from benchmarks.detection.project import compile_detection
from benchmarks.detection.score import Score
from benchmarks.detection.tracks import (
    CLIENT_RATES,
    DEV_KINDS,
    DEV_SEEDS,
    HELD_OUT_KINDS,
    HELD_OUT_SEEDS,
    REAL_TRACKS,
    TRACKS,
)

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def detection(
    *,
    folder: Annotated[
        Path, typer.Option(help="Where organisations are kept: about 30 MB each.")
    ] = Path("data/benchmarks/detection"),
    held_out: Annotated[
        bool, typer.Option("--held-out", help="The seeds and sizes nothing was tuned on.")
    ] = False,
    organisations: Annotated[int | None, typer.Option(help="So many of each track.")] = None,
    tiers: Annotated[str, typer.Option(help="Tiers whose alerts count.")] = "page",
    seeds: Annotated[Path | None, typer.Option(help="Other rules: a folder of CSVs.")] = None,
    servegen: Annotated[
        bool, typer.Option("--servegen", help="Also on the request rates of real clients.")
    ] = False,
) -> None:
    """Generate organisations, run the project's models on them, score what fired.

    Examples:
      python -m benchmarks.detection --organisations 2

      python -m benchmarks.detection --held-out
    """
    console = Console()
    compiled = compile_detection(folder / "compiled", seeds)
    numbers = HELD_OUT_SEEDS if held_out else DEV_SEEDS
    kinds = HELD_OUT_KINDS if held_out else DEV_KINDS
    tracks = list(TRACKS.values())
    if servegen and CLIENT_RATES.exists():
        tracks += REAL_TRACKS.values()
    for track in tracks:
        found = run_track(
            compiled, folder, track, numbers[:organisations], kinds, tiers=tiers.split(",")
        )
        console.print(table(track.name, found))


def table(name: str, found: Score) -> Table:
    """The score of a track and of each kind."""
    hours = "-" if found.hours is None else f"{found.hours:g}"
    shown = Table(
        title=f"{name}: {found.incidents} incidents, {found.clean_weeks} clean workload-weeks\n"
        f"lift {found.lift:.3f} (recall {found.recall:.3f}, placebo {found.placebo:.3f}), "
        f"{found.false_alerts:.3f} false alerts a clean week, precision {found.precision:.2f}, "
        f"median {hours} h, {found.averted:.0%} of dollars averted"
    )
    for column in ("kind", "injected", "found", "placebo", "median h"):
        shown.add_column(column, justify="left" if column == "kind" else "right")
    for kind in found.kinds:
        shown.add_row(
            kind.kind,
            str(kind.injected),
            str(kind.found),
            f"{kind.placebo:.3f}",
            "-" if kind.hours is None else f"{kind.hours:g}",
        )
    return shown


if __name__ == "__main__":
    app()
