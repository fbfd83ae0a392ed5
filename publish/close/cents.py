"""Sharing an amount out to the cent: largest remainder, exact, the same every time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import TypeVar

Key = TypeVar("Key")

CENT = Decimal("0.01")


def cents_of(amount: Decimal | Fraction) -> int:
    """An amount in whole cents, half to even."""
    return round(Fraction(amount) * 100)


def money(cents: int) -> Decimal:
    """Whole cents as an amount with two decimals."""
    return Decimal(cents).scaleb(-2).quantize(CENT)


def round_money(amount: Decimal) -> Decimal:
    """An amount with two decimals, half to even."""
    return amount.quantize(CENT, rounding=ROUND_HALF_EVEN)


def proportional(amount: Decimal, weights: Mapping[Key, Decimal]) -> dict[Key, Fraction]:
    """The exact shares of an amount; equal ones where every weight is zero.

    A negative weight counts as zero: a line that gives money back carries no overhead.
    """
    usable = {key: Fraction(max(weight, Decimal(0))) for key, weight in weights.items()}
    whole = sum(usable.values())
    if whole == 0:
        return {key: Fraction(amount) / len(usable) for key in usable}
    return {key: Fraction(amount) * weight / whole for key, weight in usable.items()}


def largest_remainder(total_cents: int, shares: Sequence[Fraction]) -> list[int]:
    """Rounds exact shares in cents so that they sum to the total.

    Every share is rounded down; the cents left over go to the largest remainders, and among equal
    ones to the first. Where the shares sum to the total before rounding, no line is a whole cent
    away from its share.

    Args:
        total_cents: what the lines must sum to.
        shares: exact cents of each line, negative ones too.

    Returns:
        Whole cents, line by line.
    """
    if not shares:
        if total_cents:
            raise ValueError(f"{total_cents} cents, and no line to put them on")
        return []
    whole = [share.__floor__() for share in shares]
    left_over = total_cents - sum(whole)
    order = sorted(range(len(shares)), key=lambda line: (whole[line] - shares[line], line))
    every, some = divmod(left_over, len(shares))
    for place, line in enumerate(order):
        whole[line] += every + (1 if place < some else 0)
    return whole
