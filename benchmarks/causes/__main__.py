"""Asks incidents with a planted cause what their cause was: ``python -m benchmarks.causes``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.causes.bench import compile_causes, run
from benchmarks.causes.kinds import (
    DEV_KINDS,
    DEV_SEEDS,
    HELD_OUT_KINDS,
    HELD_OUT_SEEDS,
    TRACKS,
)
from benchmarks.causes.score import Score

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def causes(
    *,
    folder: Annotated[
        Path, typer.Option(help="Where organisations are kept: about 60 MB each.")
    ] = Path("data/benchmarks/causes"),
    held_out: Annotated[
        bool, typer.Option("--held-out", help="The seeds and sizes nothing was tuned on.")
    ] = False,
    incidents: Annotated[int, typer.Option(help="Planted causes of each track, at least.")] = 300,
) -> None:
    """Generate organisations with one cause at a time, run the project's models, compare.

    Examples:
      python -m benchmarks.causes --incidents 100

      python -m benchmarks.causes --held-out
    """
    console = Console()
    compiled = compile_causes(folder / "compiled")
    seeds = HELD_OUT_SEEDS if held_out else DEV_SEEDS
    kinds = HELD_OUT_KINDS if held_out else DEV_KINDS
    for track in TRACKS.values():
        found = run(compiled, folder, track, seeds, kinds, incidents=incidents)
        console.print(table(track.name, found))
        for kind, cause, count in found.mistakes:
            console.print(f"  {count} x {kind} called {cause}")


def table(name: str, found: Score) -> Table:
    """The score of a track and of each kind."""
    shown = Table(
        title=f"{name}: {found.found} found, {found.right_share:.1%} right cause first; "
        f"{found.alone} with one cause, {found.right_alone_share:.1%} right; "
        f"{found.merged} in an earlier incident\n"
        f"right place first {found.right_place_share:.0%}; "
        f"planted change first {found.right_links} of {found.changes}, another "
        f"{found.wrong_links_of_changes}; linked without one {found.wrong_links} of "
        f"{found.changeless}; of another feature {found.strangers}"
    )
    for column in ("kind", "injected", "found", "right", "one cause", "right", "place first"):
        shown.add_column(column, justify="left" if column == "kind" else "right")
    for kind in found.kinds:
        shown.add_row(
            kind.kind,
            str(kind.injected),
            str(kind.found),
            str(kind.right),
            str(kind.alone),
            str(kind.right_alone),
            f"{kind.right_places} of {kind.places}" if kind.places else "-",
        )
    return shown


if __name__ == "__main__":
    app()
