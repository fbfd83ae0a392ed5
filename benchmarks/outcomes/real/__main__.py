"""What real agents' successes cost: ``python -m benchmarks.outcomes.real FOLDER``."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.outcomes.real.figures import Beside, Figure, beside, build_marts, figures, land
from benchmarks.outcomes.real.sources import FILES, FOLDER

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def outcomes(
    folder: Path,
    shared: Annotated[Path, typer.Option(help="Where the result sets are.")] = FOLDER,
) -> None:
    """Land the result sets in an empty folder, build the marts, print the table."""
    missing = [name for name in FILES if not (shared / name).exists()]
    if missing:
        print(f"not in {shared}: {', '.join(missing)}")
        raise typer.Exit(1)
    folder.mkdir(parents=True, exist_ok=True)
    print(land(folder, folder / "data", shared))
    build_marts(folder / "data")
    print(table(figures(folder / "data")))
    print()
    print(notes(beside(folder / "data")))


def table(found: list[Figure]) -> str:
    """The figures for people, as Markdown."""
    lines = [
        "| agent | model | tasks | solved | unknown | unpriced | at 0 USD | known cost, USD |"
        " USD per success | 95 % | scaled |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {line.agent} | {line.model} | {line.task_count:,} | {line.success_count:,}"
        f" | {line.unknown_count:,} | {line.unpriced_count:,} | {line.zero_count:,}"
        f" | {dollars(line.known_cost_usd)} | {_per_success(line)} | {_interval(line)}"
        f" | {dollars(line.scaled_usd) if line.misses_costs else ''} |"
        for line in found
    ]
    return "\n".join(lines)


def notes(found: list[Beside]) -> str:
    """How to read the table, and what it does not hold."""
    lines = [
        "≥ some cost is unknown or stated as 0; ≤ some outcome is unknown; ≈ both. The interval is"
        " of what is known; scaled: as if those tasks had cost what the others did on average."
    ]
    lines += [
        f"No task's: {line.agent}, {line.call_count:,} calls, {line.unpriced_count:,} of them"
        f" unpriced, {dollars(line.known_cost_usd)} USD."
        for line in found
    ]
    return "\n".join(lines)


def dollars(amount: Decimal | None) -> str:
    """To the cent; what nobody knows is no 0."""
    return "not known" if amount is None else f"{amount:,.2f}"


def _per_success(line: Figure) -> str:
    if line.cost_per_success_usd is None:
        return "not known"
    return ("≥ " if line.misses_costs else "") + dollars(line.cost_per_success_usd)


def _interval(line: Figure) -> str:
    if line.low_usd is None or line.high_usd is None:
        return ""
    return f"{dollars(line.low_usd)} to {dollars(line.high_usd)}"


if __name__ == "__main__":
    app()
