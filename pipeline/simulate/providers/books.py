"""The providers' books: what they count and charge, and what was planted into it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

import polars as pl

from pipeline.simulate.providers.calendar import Calendar
from pipeline.simulate.providers.charges import Charge, charges_of
from pipeline.simulate.providers.invoices import Invoice
from pipeline.simulate.providers.plants import Planted


@dataclass
class Books:
    """The providers' books.

    Attributes:
        logged: usage as our log has it.
        usage: usage as the providers count it.
        charges: what they charge for it.
        searches: web searches by day, which no log of ours has.
        early: usage with one day as it was known first.
        restated_day: that day.
    """

    calendar: Calendar
    logged: pl.DataFrame
    usage: pl.DataFrame
    charges: list[Charge]
    planted: list[Planted] = field(default_factory=list)
    invoices: list[Invoice] = field(default_factory=list)
    searches: dict[str, int] = field(default_factory=dict)
    early: pl.DataFrame | None = None
    restated_day: dt.date | None = None

    def of(self, provider: str, month: str = "") -> list[Charge]:
        """Charges of a provider, of one month where it is named."""
        return [
            charge
            for charge in self.charges
            if charge.provider == provider and month in ("", charge.month)
        ]

    def plant(self, planted: Planted) -> None:
        """Note a difference, if it is one."""
        if planted.amount:
            self.planted.append(planted)


def metered(logged: pl.DataFrame, provider: str, month: str) -> Decimal:
    """What our log is worth at our list in a UTC month."""
    by_utc = logged.filter(pl.col("provider") == provider).with_columns(day=pl.col("utc_day"))
    return listed_in(by_utc, provider, month)


def listed_in(usage: pl.DataFrame, provider: str, month: str) -> Decimal:
    """What a provider's usage of a month of its days is worth at our list."""
    own = usage.filter(
        (pl.col("provider") == provider) & (pl.col("day").dt.strftime("%Y-%m") == month)
    )
    return total(charge.listed for charge in charges_of(own))


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The sum of amounts, exact."""
    return sum(amounts, Decimal(0))
