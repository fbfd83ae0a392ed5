"""Coverage of the interval of cost per success: ``python -m benchmarks.outcomes``."""

from __future__ import annotations

from collections import defaultdict
from typing import Annotated

import typer

from benchmarks.outcomes.coverage import SIGMAS, TASK_COUNTS, Covered, connect, grid, measure

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def coverage(
    draws: Annotated[int, typer.Option(help="Cohorts of each kind.")] = 1000,
    seed: Annotated[float, typer.Option(help="0 to 1; another seed, other cohorts.")] = 0.5,
    tasks: Annotated[list[int] | None, typer.Option(help="Tasks of a cohort.")] = None,
    sigma: Annotated[list[float] | None, typer.Option(help="Spread of log cost.")] = None,
) -> None:
    """Print, by spread of costs and number of tasks, how many intervals hold the truth."""
    connection = connect(seed)
    rows: dict[tuple[float, int], list[Covered]] = defaultdict(list)
    for cell in grid(sigma or SIGMAS, tasks or TASK_COUNTS):
        rows[cell.sigma, cell.tasks].append(measure(cell, draws, connection))
    print("| sigma | tasks | lowest | mean | highest | cells outside 93 to 97 % |")
    print("|---|---|---|---|---|---|")
    for (spread, count), found in rows.items():
        shares = sorted(item.coverage for item in found)
        outside = ", ".join(
            f"{item.coverage:.3f} (share {item.cell.success_share},"
            f" correlation {item.cell.correlation:+}, {item.published / item.draws:.0%} published)"
            for item in found
            if not 0.93 <= item.coverage <= 0.97
        )
        mean = sum(shares) / len(shares)
        print(
            f"| {spread} | {count} | {shares[0]:.3f} | {mean:.3f} | {shares[-1]:.3f}"
            f" | {outside or 'none'} |"
        )


if __name__ == "__main__":
    app()
