"""One made-up company and month: what happened, what its log says, what its bill says.

Everything starts from calls. The provider counts and charges the calls that happened; the log
holds them with planted faults. What each fault is worth is added up here, call by call, with the
generator's own price list: nothing of the warehouse takes part.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random
from typing import Any

from benchmarks.reconciliation.prices import STANDARD, UNPRICED_MODEL, meters_of, unit_price

MONTH = "2026-09"
FIRST = dt.date(2026, 9, 1)
NEXT = dt.date(2026, 10, 1)
CENT = Decimal("0.01")
EURO = Decimal("0.9")

Sku = tuple[str, str, str]  # model, meter, tier


@dataclass(frozen=True)
class Call:
    """One call attempt that reached the provider."""

    call_id: str
    started_at: dt.datetime
    key: str
    model: str
    tier: str
    quantities: dict[str, int]
    is_partial: bool = False


@dataclass(frozen=True)
class Line:
    """One invoice line."""

    invoice_id: str
    category: str
    amount: Decimal
    model: str | None = None
    meter: str | None = None
    tier: str | None = None
    quantity: Decimal | None = None
    reference: str | None = None


@dataclass
class Company:
    """A billing account with its month, and what is wrong with it.

    Attributes:
        happened: calls as the provider knows them.
        logged: calls as our log has them.
        charged: (day, key's project, sku) -> charge of the cost export, in the bill's currency.
        purchases: other charges of the cost export: (category, amount).
        lines: invoice lines.
        totals: stated totals of the invoices.
        expected: (step, cause) -> amount in the bill's currency.
        sku_causes: sku -> (step, cause) -> amount: what each reconciliation line should say.
        faults: names of what was planted.
    """

    number: int
    provider: str
    currency: str = "USD"
    happened: list[Call] = field(default_factory=list)
    logged: list[Call] = field(default_factory=list)
    charged: dict[tuple[dt.date, Sku], Decimal] = field(default_factory=dict)
    listed: dict[tuple[dt.date, Sku], Decimal] = field(default_factory=dict)
    purchases: list[tuple[str, Decimal]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    totals: dict[str, Decimal] = field(default_factory=dict)
    expected: dict[tuple[int, str], Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    sku_causes: dict[Sku, dict[tuple[int, str], Decimal]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Decimal))
    )
    faults: tuple[str, ...] = ()

    @property
    def account(self) -> str:
        """Its billing account."""
        return f"acct-{self.number:04d}"

    @property
    def invoice_id(self) -> str:
        """Its invoice of the month."""
        return f"INV-{self.number:04d}"

    @property
    def model_count(self) -> int:
        """How many models it has called."""
        return len({call.model for call in self.happened})

    @property
    def rate(self) -> Decimal:
        """Units of the bill's currency for a dollar."""
        return EURO if self.currency == "EUR" else Decimal(1)

    def key(self, index: int) -> str:
        """One of its API keys."""
        return f"key-{self.number:04d}-{index}"

    def own_price(self, sku: Sku) -> Decimal:
        """Our price of a unit in the bill's currency; 0 where we have none."""
        model, meter, tier = sku
        if model in UNPRICED_MODEL.values():
            return Decimal(0)
        return unit_price(self.provider, model, tier, meter) * self.rate

    def plant(self, step: int, cause: str, sku: Sku, amount: Decimal) -> None:
        """Writes down what a fault is worth."""
        self.expected[step, cause] += amount
        self.sku_causes[sku][step, cause] += amount

    def provider_date(self, call: Call) -> dt.date:
        """The day the provider counts a call on; Google's is Pacific (UTC-7 in these months)."""
        hours = 7 if self.provider == "google" else 0
        return (call.started_at - dt.timedelta(hours=hours)).date()


def usage_of(company: Company) -> dict[tuple[dt.date, str, Sku], int]:
    """What the provider counts, by day, key and sku; requests are a meter."""
    counted: dict[tuple[dt.date, str, Sku], int] = defaultdict(int)
    for call in company.happened:
        day = company.provider_date(call)
        for meter, quantity in call.quantities.items():
            if quantity:
                counted[day, call.key, (call.model, meter, call.tier)] += quantity
        if company.provider != "anthropic":
            counted[day, call.key, (call.model, "requests", call.tier)] += 1
    return counted


def base_company(number: int, random: Random) -> Company:
    """A company whose log, usage and charges agree."""
    provider = random.choice(list(STANDARD))
    company = Company(number, provider)
    models = random.sample(list(STANDARD[provider]), random.choice((2, 3)))
    days = sorted(random.sample(range(2, 29), 6))
    for day in days:
        for index in (1, 2):
            for model in models:
                for _ in range(random.choice((2, 3))):
                    add_call(company, random, day, company.key(index), model)
    company.logged = list(company.happened)
    return company


def add_call(company: Company, random: Random, day: int, key: str, model: str) -> Call:
    """A call of that day that happened, with tokens of every class."""
    quantities = {
        meter: random.randrange(2_000, 90_000) * 100
        for meter in meters_of(company.provider)
        if meter != "web_search"
    }
    started = dt.datetime(2026, 9, day, 12, tzinfo=dt.UTC) + dt.timedelta(
        minutes=random.randrange(300)
    )
    number = len(company.happened)
    call = Call(f"{company.account}-{number}", started, key, model, "standard", quantities)
    company.happened.append(call)
    return call


def replace_logged(company: Company, call: Call, **changes: Any) -> None:
    """Lets the log say something else of a call."""
    position = company.logged.index(call)
    company.logged[position] = replace(call, **changes)


def cost_of(company: Company, call: Call) -> dict[Sku, Decimal]:
    """A call's cost by sku at our own price."""
    return {
        (call.model, meter, call.tier): quantity * company.own_price((call.model, meter, call.tier))
        for meter, quantity in call.quantities.items()
    }
