"""The bridge of an invoice as a drawing: one row a step, from metered cost to invoice total."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape

WIDE, NARROW = 720, 348
LABEL_WIDTH = 128
AMOUNT_WIDTH = 74
ROW_HEIGHT = 21
BAR_HEIGHT = 13
TOP = 4


@dataclass(frozen=True)
class Step:
    """One row: a level (metered cost, invoice total) or a move between levels."""

    label: str
    amount: Decimal
    is_level: bool = False


def waterfall_svg(steps: Sequence[Step], currency: str, width: int = WIDE) -> str:
    """An inline SVG; the axis is cut where the moves would vanish beside the levels."""
    spans = _spans(steps)
    low, high = _domain(spans)
    scale = (width - LABEL_WIDTH - AMOUNT_WIDTH) / max(high - low, 1e-9)
    is_cut = low != 0
    height = TOP + ROW_HEIGHT * len(steps) + (16 if is_cut else 4)

    def place(value: float) -> float:
        return LABEL_WIDTH + (value - low) * scale

    parts = [
        f'<svg class="waterfall" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="Bridge from metered cost to invoice total in {escape(currency)}">'
    ]
    for number, (step, (start, end)) in enumerate(zip(steps, spans, strict=True)):
        top = TOP + number * ROW_HEIGHT
        left, right = sorted((place(max(start, low)), place(end)))
        kind = "level" if step.is_level else "up" if step.amount > 0 else "down"
        middle = top + BAR_HEIGHT / 2 + 4
        parts.append(
            f'<text class="label" x="0" y="{middle:.1f}">{escape(step.label)}</text>'
            f'<rect class="{kind}" x="{left:.1f}" y="{top:.1f}" '
            f'width="{max(right - left, 1.5):.1f}" height="{BAR_HEIGHT}" rx="1.5"/>'
            f'<text class="amount {"strong" if step.is_level else ""}" x="{width}" '
            f'y="{middle:.1f}">{_signed(step)}</text>'
        )
        if number + 1 < len(steps):
            edge = place(end)
            parts.append(
                f'<line class="joint" x1="{edge:.1f}" x2="{edge:.1f}" '
                f'y1="{top + BAR_HEIGHT}" y2="{top + ROW_HEIGHT}"/>'
            )
    if is_cut:
        parts.append(
            f'<text class="cut" x="{LABEL_WIDTH}" y="{height - 3}">'
            f"axis starts at {low:,.0f} {escape(currency)}</text>"
        )
    return "".join([*parts, "</svg>"])


def _spans(steps: Sequence[Step]) -> list[tuple[float, float]]:
    spans = []
    level = 0.0
    for step in steps:
        amount = float(step.amount)  # only where ink goes; every figure is printed from Decimal
        start, level = (0.0, amount) if step.is_level else (level, level + amount)
        spans.append((start, level))
    return spans


def _domain(spans: Sequence[tuple[float, float]]) -> tuple[float, float]:
    ends = [end for _, end in spans]
    low, high = min(0.0, *ends), max(0.0, *ends)
    reach = max(ends) - min(ends)
    if min(ends) > 0 and reach < 0.5 * high:
        low = max(0.0, min(ends) - max(reach * 0.35, high * 0.01))
    return low, high


def _signed(step: Step) -> str:
    return f"{step.amount:,.2f}" if step.is_level else f"{step.amount:+,.2f}"
