"""Prices, discounts and fees that differ from ours, each with what it is worth."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal

from pipeline.simulate.providers import google
from pipeline.simulate.providers.books import Books, listed_in, metered, total
from pipeline.simulate.providers.charges import NO_MODEL, Charge
from pipeline.simulate.providers.plants import Planted
from pipeline.simulate.providers.usage import PROVIDERS

DEARER, DEARER_MODEL = Decimal("1.25"), "gpt-4.1-mini"
FREE_MODEL = "gpt-5-mini"


def plant_prices(books: Books, month: str, free: dt.date, dearer: dt.date) -> None:
    """One model is dearer from a day on; one day of another is not billed at all."""
    changed = []
    more, less = Decimal(0), Decimal(0)
    for charge in books.charges:
        if charge.provider == "openai" and charge.tier == "standard":
            if charge.model == DEARER_MODEL and charge.day >= dearer:
                raised = replace(charge, amount=charge.amount * DEARER)
                more += (raised.amount - charge.amount) * (charge.month == month)
                changed.append(raised)
                continue
            if charge.model == FREE_MODEL and charge.day == free:
                less -= charge.amount
                continue
        changed.append(charge)
    books.charges = changed
    what = f"{DEARER_MODEL} costs {DEARER} times its list price from {dearer}"
    books.plant(Planted("openai", month, 42, "price_change", more, what))
    what = f"{FREE_MODEL} of {free} is in the usage export and not charged"
    books.plant(Planted("openai", month, 42, "usage_not_billed", less, what))


def plant_tools(books: Books, month: str, scale: int) -> None:
    """Fees of tools that no log of ours has."""
    fees: dict[str, Decimal] = defaultdict(Decimal)
    for number, day in enumerate(books.calendar.days(month)[2:7]):
        for provider, meter, count, price in (
            ("openai", "web_search", (90 + 13 * number) * scale, Decimal("0.01")),
            ("anthropic", "code_execution", (40 + 7 * number) * scale, Decimal("0.05")),
        ):
            amount = count * price
            fees[provider] += amount
            books.charges.append(
                Charge(provider, day, "", NO_MODEL, "standard", False, meter, count, Decimal(0),
                       amount, amount)
            )  # fmt: skip
            if provider == "openai":
                books.searches[day.isoformat()] = count
    for provider, what in (("openai", "web searches"), ("anthropic", "code execution")):
        books.plant(
            Planted(provider, month, 31, "tool_fees", fees[provider], f"{what} nobody logs")
        )


def plant_standing(books: Books) -> None:
    """What holds every month: usage our price list lacks, Google's discount and Pacific days."""
    books.charges = [
        google.discounted(charge) if charge.provider == "google" else charge
        for charge in books.charges
    ]
    for month in books.calendar.closed:
        for provider in PROVIDERS:
            own = [c for c in books.of(provider, month) if c.model != NO_MODEL]
            unlisted = total(c.at_list - c.listed for c in own)
            what = "usage of tiers our price list has no price for"
            books.plant(Planted(provider, month, 41, "unpriced_usage", unlisted, what))
        own = books.of("google", month)
        off = total(c.amount - c.at_list for c in own)
        what = f"an agreed price of {google.AGREED} of the list, in no seed"
        books.plant(Planted("google", month, 42, "discount", off, what))
        cut = listed_in(books.logged, "google", month) - metered(books.logged, "google", month)
        what = "Google's month begins and ends at midnight in Los Angeles"
        books.plant(Planted("google", month, 20, "day_cut", cut, what))
