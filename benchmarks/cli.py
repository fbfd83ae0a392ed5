"""The benchmark's command line: ``python -m benchmarks`` or ``make bench``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from benchmarks.bench import Bench
from benchmarks.figures import Figure, show
from benchmarks.increment import increment
from benchmarks.landing import landing
from benchmarks.measure import ProgramFailed
from benchmarks.memory import memory_figures
from benchmarks.reconciliation.part import reconciliation
from benchmarks.refresh import refresh

PARTS: dict[str, Callable[[Bench], list[Figure]]] = {
    "landing": landing,
    "refresh": refresh,
    "increment": increment,
    "memory": memory_figures,
    "reconciliation": reconciliation,
}
LOG_ROWS = 2_000_000
LAKE_ROWS = 10_000_000
TABLE_WIDTH = 110

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def bench(
    only: Annotated[str, typer.Option(help="Which parts, separated by commas.")] = ",".join(PARTS),
    rows: Annotated[
        int | None,
        typer.Option(help="So many calls in the log and in the lake, for a quick look."),
    ] = None,
    repeats: Annotated[int, typer.Option(help="Runs of each side; medians are shown.")] = 3,
    large: Annotated[
        bool, typer.Option("--large", help="Also five times the history; takes long.")
    ] = False,
    folder: Annotated[
        Path, typer.Option(help="Where inputs are kept: about 12 GB, 15 more with --large.")
    ] = Path("data/benchmarks"),
) -> None:
    """Measure CPU seconds and memory against reference programs in the same run.

    Examples:
      python -m benchmarks

      python -m benchmarks --only landing --rows 200000 --repeats 1

      python -m benchmarks --only refresh,increment,memory --large
    """
    console = Console(width=max(Console().width, TABLE_WIDTH))
    parts = [name.strip() for name in only.split(",")]
    unknown = [name for name in parts if name not in PARTS]
    if unknown:
        console.print(f"no such part: {', '.join(unknown)} (there are: {', '.join(PARTS)})")
        raise typer.Exit(2)
    folder.mkdir(parents=True, exist_ok=True)
    figures: list[Figure] = []
    with _progress() as progress:
        task = progress.add_task("", total=None)
        setup = Bench(
            folder.resolve(),
            _rounded(rows or LOG_ROWS, 1000),
            _rounded(rows or LAKE_ROWS, 90),
            repeats,
            large,
            lambda what: progress.update(task, description=what),
        )
        try:
            for name in parts:
                figures += PARTS[name](setup)
        except ProgramFailed as error:
            progress.stop()
            console.print(str(error), markup=False)
            raise typer.Exit(1) from error
    show(figures, console)


def _rounded(rows: int, step: int) -> int:
    """The truth of a log is known by the thousand, a lake has whole days."""
    return max(rows // step, 1) * step


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
