"""What providers charge for what they count: list prices, and the terms and faults on top.

All amounts are exact decimals in US dollars; quantities times unit prices, never divided.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import polars as pl

from pipeline.simulate.providers.calendar import month_of
from pipeline.simulate.providers.prices import Asked, unit_price
from pipeline.simulate.providers.usage import METERS, SKU

NO_MODEL = "(no model)"
# What providers charge where our price list has nothing: it is no price of ours.
UNLISTED_FACTORS = {"priority": Decimal(2), "batch": Decimal("0.5")}
CENT = Decimal("0.01")
_Key = tuple[str, dt.date, str, str, str, bool, str]


@dataclass(frozen=True)
class Charge:
    """A charge of one day, model, tier and meter; of one project where the bill tells them.

    Attributes:
        listed: what our price list says of it; 0 where it has no price.
        at_list: what the provider's own list says.
        amount: what it charges.
    """

    provider: str
    day: dt.date
    project: str
    model: str
    tier: str
    is_long: bool
    meter: str
    quantity: int
    listed: Decimal
    at_list: Decimal
    amount: Decimal
    reasoning: int = 0

    @property
    def month(self) -> str:
        """The provider's billing month."""
        return month_of(self.day)

    @property
    def sku(self) -> tuple[str, str, str]:
        """Model, meter and tier."""
        return self.model, self.meter, self.tier


def charges_of(usage: pl.DataFrame) -> list[Charge]:
    """Charges at list for usage by day; in dollars, before discounts and faults."""
    columns = ("day", "utc_day", "project", *SKU)
    grouped = usage.group_by(columns).agg(pl.col(*METERS, "reasoning").sum()).sort(columns)
    found: dict[_Key, Charge] = {}
    for row in grouped.iter_rows(named=True):
        for meter in METERS:
            if not row[meter]:
                continue
            listed, at_list = list_charge(row, meter)
            reasoning = row["reasoning"] if meter == "output" else 0
            key = (
                row["provider"], row["day"], row["project"], row["model"], row["tier"],
                row["is_long"], meter,
            )  # fmt: skip
            before = found.get(key) or Charge(*key, 0, Decimal(0), Decimal(0), Decimal(0))
            found[key] = replace(
                before,
                quantity=before.quantity + row[meter],
                listed=before.listed + listed,
                at_list=before.at_list + at_list,
                amount=before.amount + at_list,
                reasoning=before.reasoning + reasoning,
            )
    return [charge for _, charge in sorted(found.items()) if charge.quantity]


def list_charge(row: dict[str, Any], meter: str) -> tuple[Decimal, Decimal]:
    """What our list and the provider's say of a row's quantity; ours is 0 where it is silent."""
    asked = Asked(row["provider"], row["model"], row["tier"], row["is_long"], meter, row["utc_day"])
    price = unit_price(asked)
    if price is not None:
        return row[meter] * price, row[meter] * price
    return Decimal(0), row[meter] * _unlisted_price(asked)


def list_value(usage: pl.DataFrame) -> Decimal:
    """What usage is worth at our list; negative quantities take away."""
    return sum((charge.listed for charge in charges_of(usage)), Decimal(0))


def _unlisted_price(asked: Asked) -> Decimal:
    standard = Asked(asked.provider, asked.model, "standard", asked.is_long, asked.meter, asked.day)
    price = unit_price(standard)
    if price is None:
        raise ValueError(f"{asked.provider} {asked.model} has no price for {asked.meter}")
    return price * UNLISTED_FACTORS.get(asked.tier, Decimal(1))


def cents(amount: Decimal) -> Decimal:
    """An amount as an invoice prints it."""
    return amount.quantize(CENT, ROUND_HALF_UP)
