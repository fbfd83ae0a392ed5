"""Draws companies: each fault alone, then many together, and writes the invoice of each."""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_HALF_EVEN, Decimal
from random import Random

from benchmarks.reconciliation import faults
from benchmarks.reconciliation.companies import CENT, Company, Line, Sku, base_company
from benchmarks.reconciliation.faults import Plan

ALL = faults.QUANTITY + faults.PRICE + faults.ACCOUNT + faults.INVOICE
# What a discount can be told apart from on the same account.
BESIDE_A_DISCOUNT = (
    faults.unpriced_usage,
    faults.usage_not_billed,
    faults.cost_not_exported,
    faults.wrong_price,
)
ONLY_AT = {"day_cut": "google", "cache_write_split": "anthropic"}


def companies(count: int, seed: int) -> list[Company]:
    """So many companies; the first ones have one fault each, or none."""
    return [company(number, seed) for number in range(count)]


def company(number: int, seed: int) -> Company:
    """One company with its log, usage, charges, invoice and expected amounts."""
    random = Random(f"{seed}-{number}")
    alone = [None, *ALL]
    if number < len(alone):
        only = alone[number]
        chosen = [only] if only else []
    else:
        chosen = _several(random)
    drawn = base_company(number, random)
    while not _fits(drawn, chosen):
        drawn = base_company(number, random)
    if faults.euros in chosen:
        drawn.currency = "EUR"
    plan = Plan(drawn, random)
    for fault in chosen:
        fault(plan)
    drawn.faults = tuple(fault.__name__ for fault in chosen)
    faults.charge_everything(drawn)
    for change in plan.changes:
        change()
    _write_invoice(drawn, summary=number % 7 == 3)
    return drawn


def _fits(company: Company, chosen: list[faults.Fault]) -> bool:
    """Whether the faults can happen there, and be told apart."""
    if any(ONLY_AT.get(fault.__name__, company.provider) != company.provider for fault in chosen):
        return False
    # Of two models at two factors nobody can say which one has the wrong price.
    has_factor = not {*faults.ACCOUNT[:3]}.isdisjoint(chosen)
    return not (has_factor and faults.wrong_price in chosen and company.model_count < 3)


def _several(random: Random) -> list[faults.Fault]:
    chosen = random.sample(faults.QUANTITY, random.randrange(0, 5))
    if faults.mixed in chosen and random.random() < 0.5:
        chosen.remove(faults.mixed)
    # A few cells go round: of two faults of one provider keep one.
    if faults.day_cut in chosen and faults.cache_write_split in chosen:
        chosen.remove(faults.day_cut)
    lot = random.random()
    if lot < 0.1:
        chosen.append(faults.prepaid_credits)
    elif lot < 0.45:
        if random.random() < 0.5:
            chosen.append(random.choice(BESIDE_A_DISCOUNT))
        chosen.append(random.choice(faults.ACCOUNT[:3]))
    elif lot < 0.8:
        chosen.append(random.choice(faults.PRICE))
    chosen += random.sample(faults.INVOICE, random.randrange(0, 5))
    return chosen


def _write_invoice(company: Company, *, summary: bool) -> None:
    """Adds the usage lines of the month and the stated total."""
    charged: dict[Sku, Decimal] = defaultdict(Decimal)
    for (day, sku), charge in company.charged.items():
        if day.month == 9:
            charged[sku] += charge
    for sku, causes in company.sku_causes.items():
        # the export's unit is wrong, the invoice's is not
        charged[sku] += causes.get((50, "unit_error"), Decimal(0))
    charged = {sku: charge for sku, charge in charged.items() if charge}
    named = {"line_rounding", "unexplained", "unit_error", "cost_not_exported"} & set(
        company.faults
    )
    if summary and not named:
        total = sum(charged.values(), Decimal(0))
        company.lines.append(Line(company.invoice_id, "usage", total))
    else:
        company.lines += [
            Line(company.invoice_id, "usage", charge, *sku) for sku, charge in charged.items()
        ]
    if "line_rounding" in company.faults:
        company.lines = [_rounded(company, line) for line in company.lines]
    total = sum(
        (line.amount for line in company.lines if line.invoice_id == company.invoice_id),
        Decimal(0),
    )
    company.totals[company.invoice_id] = total + company.expected.get(
        (80, "total_rounding"), Decimal(0)
    )


def _rounded(company: Company, line: Line) -> Line:
    """The line in whole cents; the difference belongs to whatever step 50 is about."""
    if line.category != "usage" or line.model is None:
        return line
    amount = line.amount.quantize(CENT, ROUND_HALF_EVEN)
    sku = (line.model, line.meter or "", line.tier or "")
    causes = company.sku_causes.get(sku, {})
    cause = next(
        (name for name in ("cost_not_exported", "unit_error") if (50, name) in causes),
        "line_rounding",
    )
    company.expected[50, cause] += amount - line.amount
    return Line(line.invoice_id, line.category, amount, *sku)
