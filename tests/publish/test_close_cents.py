"""Sharing to the cent: exact sums, no line a cent away, the same every time."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publish.close.cents import cents_of, largest_remainder, money, proportional

AMOUNTS = st.decimals(min_value=-(10**9), max_value=10**9, places=12)
WEIGHTS = st.lists(
    st.decimals(min_value=-(10**6), max_value=10**6, places=6), min_size=1, max_size=40
)


def test_the_cents_left_over_go_to_the_largest_remainders() -> None:
    # 100 cents over 1/3 each: 33 1/3; the first of equal remainders gets the odd cent.
    assert largest_remainder(100, [Fraction(100, 3)] * 3) == [34, 33, 33]
    # 0.50, 0.30 and 0.20 of 5 cents: 2.5, 1.5, 1: the halves share one cent, the first takes it.
    assert largest_remainder(5, [Fraction(5, 2), Fraction(3, 2), Fraction(1)]) == [3, 1, 1]


def test_a_credit_is_shared_like_a_charge() -> None:
    # -10 cents over thirds: -3 1/3 each is floored to -4, two cents come back, to the first two.
    assert largest_remainder(-10, [Fraction(-10, 3)] * 3) == [-3, -3, -4]


def test_all_zero_weights_share_equally() -> None:
    shares = proportional(Decimal("0.10"), {"a": Decimal(0), "b": Decimal(0)})
    assert shares == {"a": Fraction(1, 20), "b": Fraction(1, 20)}


def test_a_negative_weight_carries_nothing() -> None:
    shares = proportional(Decimal(6), {"a": Decimal(-3), "b": Decimal(1), "c": Decimal(2)})
    assert shares == {"a": 0, "b": 2, "c": 4}


def test_cents_without_a_line_are_an_error() -> None:
    assert largest_remainder(0, []) == []
    with pytest.raises(ValueError, match="no line"):
        largest_remainder(1, [])


@given(AMOUNTS, WEIGHTS)
def test_the_lines_sum_to_the_total_and_none_is_a_cent_away(
    amount: Decimal, weights: list[Decimal]
) -> None:
    shares = [share * 100 for share in proportional(amount, dict(enumerate(weights))).values()]
    total = cents_of(amount)
    cents = largest_remainder(total, shares)
    assert sum(cents) == total
    assert all(abs(whole - share) < 1 for whole, share in zip(cents, shares, strict=True))
    assert cents == largest_remainder(total, shares)


@given(st.integers(-(10**15), 10**15))
def test_cents_and_money_are_each_others_inverse(cents: int) -> None:
    assert cents_of(money(cents)) == cents
    assert money(cents).as_tuple().exponent == -2
