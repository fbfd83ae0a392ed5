"""The figures a run measured, and the table that shows them."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console, JustifyMethod
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    Attributes:
        name: what was measured.
        ours: CPU seconds of our side without ``startup``; None for a figure of memory alone.
        startup: CPU seconds of the same program with nothing to do.
        reference: CPU seconds of the other side.
        value: what the target is about: a ratio, or MiB.
        unit: ``x`` or ``MiB``.
        target: the largest ``value`` that passes; None where there is none.
        peak_mib: largest memory of our side.
    """

    name: str
    value: float
    unit: str
    target: float | None
    peak_mib: float
    ours: float | None = None
    startup: float | None = None
    reference: float | None = None

    @property
    def verdict(self) -> str:
        """Whether the target is met."""
        if self.target is None:
            return ""
        return "PASS" if self.value <= self.target else "MISS"


def ratio(
    name: str,
    ours: float,
    reference: float,
    *,
    target: float | None,
    peak_mib: float,
    startup: float | None = None,
) -> Figure:
    """A figure that compares CPU seconds; ``ours`` is net of ``startup``."""
    return Figure(name, ours / reference, "x", target, peak_mib, ours, startup, reference)


def memory(name: str, peak_mib: float, *, target_mib: float) -> Figure:
    """A figure of peak memory."""
    return Figure(name, peak_mib, "MiB", target_mib, peak_mib)


def show(figures: list[Figure], console: Console) -> None:
    """Prints the table; one row a figure."""
    table = Table(box=None, header_style="bold")
    for heading in ("figure", "ours", "start-up", "reference", "ratio", "peak MiB", "target", ""):
        justify: JustifyMethod = "left" if heading in ("figure", "") else "right"
        table.add_column(heading, justify=justify)
    for figure in figures:
        table.add_row(
            figure.name,
            _seconds(figure.ours),
            _seconds(figure.startup),
            _seconds(figure.reference),
            f"{figure.value:.2f}x" if figure.unit == "x" else "",
            f"{figure.peak_mib:,.0f}",
            _target(figure),
            figure.verdict,
        )
    console.print(table)


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _target(figure: Figure) -> str:
    if figure.target is None:
        return ""
    if figure.unit == "MiB":
        return f"≤ {figure.target:,.0f} MiB"
    return f"≤ {figure.target:.3g}x"
