"""Compares the bridges with the simulator's truth: each planted cause, each sum, to the cent."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from pipeline.demo_check import Check

Json = dict[str, Any]
Place = tuple[str, str, int, str]  # provider, month, step, cause
HALF_A_CENT = Decimal("0.005")
METERED, ROUNDED, TOTAL = 10, 50, 90
NEVER_PLANTED = "rounding"  # less than a cent a row: it has no cause but the decimals


@dataclass(frozen=True)
class Found:
    """A planted difference and what the bridge says of it."""

    planted: Json
    amount: Decimal

    @property
    def is_right(self) -> bool:
        """Whether it is there to the cent."""
        return abs(self.amount - Decimal(self.planted["amount"])) <= HALF_A_CENT


@dataclass
class Bridges:
    """The invoiced bridges of the warehouse: amounts by place, and steps by invoice."""

    by_place: dict[Place, Decimal]
    by_invoice: dict[tuple[str, str], dict[int, Decimal]]

    @classmethod
    def read(cls, warehouse: Path) -> Bridges:
        """Read them."""
        by_place: dict[Place, Decimal] = defaultdict(Decimal)
        by_invoice: dict[tuple[str, str], dict[int, Decimal]] = defaultdict(dict)
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            rows = connection.execute(
                """
                select provider, billing_month, invoice_id, step, cause, sum(amount) as amount
                from marts.fct_invoice_bridge_monthly
                where invoice_id <> '(not invoiced)'
                group by provider, billing_month, invoice_id, step, cause
                """
            ).fetchall()
        for provider, month, invoice, step, cause, amount in rows:
            by_place[provider, month, step, cause] += amount
            steps = by_invoice[provider, invoice]
            steps[step] = steps.get(step, Decimal(0)) + amount
        return cls(by_place, by_invoice)

    def amount(self, provider: str, month: str, step: int, cause: str) -> Decimal:
        """What a place holds; a planted cause without a name is a whole step."""
        if cause:
            return self.by_place.get((provider, month, step, cause), Decimal(0))
        return sum(
            (
                amount
                for place, amount in self.by_place.items()
                if place[:3] == (provider, month, step)
            ),
            Decimal(0),
        )


def found_causes(truth: Json, bridges: Bridges) -> list[Found]:
    """Every planted difference with what was found of it."""
    return [
        Found(
            planted,
            bridges.amount(
                planted["provider"], planted["billing_month"], planted["step"], planted["cause"]
            ),
        )
        for planted in truth["providers"]["planted"]
    ]


def compare_bills(truth: Json, warehouse: Path) -> list[Check]:
    """Every check of the bridges; none where no month of the period is over."""
    bills = truth["providers"]
    if not bills["months"]:
        return []
    bridges = Bridges.read(warehouse)
    checks = [
        _planted(found_causes(truth, bridges)),
        _unplanted(bills["planted"], bridges),
        _metered(bills["months"], bridges),
        _sums(bills["months"], bridges),
    ]
    if bills["restated"]:
        checks.append(_restated(bills["restated"], warehouse))
    return checks


def _planted(found: list[Found]) -> Check:
    check = Check("planted causes of the bills", len(found))
    for cause in found:
        if not cause.is_right:
            planted = cause.planted
            place = (
                f"{planted['provider']} {planted['billing_month']} step {planted['step']} "
                f"{planted['cause'] or '(any)'}"
            )
            check.differences.append(f"{place}: {cause.amount:,.4f} for {planted['amount']}")
    return check


def _unplanted(planted: list[Json], bridges: Bridges) -> Check:
    """Whatever else the bridges claim must be smaller than a cent."""
    named = {(p["provider"], p["billing_month"], p["step"], p["cause"]) for p in planted}
    others = {
        place: amount
        for place, amount in bridges.by_place.items()
        if place not in named
        and place[2] not in (METERED, ROUNDED, TOTAL)
        and place[3] != NEVER_PLANTED
    }
    check = Check("causes that nobody planted", len(bridges.by_place))
    for (provider, month, step, cause), amount in sorted(others.items()):
        if abs(amount) > HALF_A_CENT:
            check.differences.append(f"{provider} {month} step {step} {cause}: {amount:,.4f}")
    return check


def _metered(months: list[Json], bridges: Bridges) -> Check:
    check = Check("metered cost of each month", len(months))
    for month in months:
        place = month["provider"], month["billing_month"]
        found, wanted = bridges.amount(*place, METERED, ""), Decimal(month["metered_cost"])
        if abs(found - wanted) > HALF_A_CENT:
            check.differences.append(f"{' '.join(place)}: {found:,.4f} for {wanted:,.4f}")
    return check


def _sums(months: list[Json], bridges: Bridges) -> Check:
    invoices = [
        (month["provider"], invoice, Decimal(total))
        for month in months
        for invoice, total in month["invoices"].items()
    ]
    check = Check("bridges that sum to the invoice", len(invoices))
    for provider, invoice, total in invoices:
        steps = bridges.by_invoice.get((provider, invoice), {})
        summed = sum((a for step, a in steps.items() if step != TOTAL), Decimal(0))
        if not summed == steps.get(TOTAL) == total:
            check.differences.append(
                f"{provider} {invoice}: steps {summed}, total {steps.get(TOTAL)}, printed {total}"
            )
    return check


def _restated(restated: Json, warehouse: Path) -> Check:
    """The day that was exported twice: the later figures count, the first are kept."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        [(cost,)] = connection.execute(
            """
            select coalesce(sum(cost), 0)
            from marts.fct_provider_costs_daily
            where provider = ? and usage_date = cast(? as date)
            """,
            [restated["provider"], restated["day"]],
        ).fetchall()
    check = Check("the day that was exported twice", 1)
    if cost != Decimal(restated["cost"]):
        check.differences.append(
            f"{restated['day']}: {cost} for {restated['cost']} "
            f"(first exported as {restated['cost_before']})"
        )
    return check
