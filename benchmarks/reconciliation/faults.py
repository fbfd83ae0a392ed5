"""The faults a company's month can have, each with what it is worth.

A fault of quantities takes a key, day and model of its own, so that several can be told apart;
one that takes the same on purpose (`mixed`) cannot be.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random

from benchmarks.reconciliation.companies import (
    CENT,
    FIRST,
    NEXT,
    Call,
    Company,
    Line,
    Sku,
    add_call,
    cost_of,
    replace_logged,
)
from benchmarks.reconciliation.prices import STANDARD, UNPRICED_MODEL, unit_price


@dataclass
class Plan:
    """What is being planted into one company."""

    company: Company
    random: Random
    taken: set[tuple[int, str, str]] = field(default_factory=set)
    changes: list[Callable[[], None]] = field(default_factory=list)

    def cell(self) -> list[Call]:
        """The calls of a key, day and model no other fault has touched."""
        company = self.company
        cells: dict[tuple[int, str, str], list[Call]] = {}
        for call in company.happened:
            if call.tier == "standard" and call.key in (company.key(1), company.key(2)):
                place = (call.started_at.day, call.key, call.model)
                cells.setdefault(place, []).append(call)
        places = [
            place
            for place, calls in cells.items()
            if place not in self.taken
            and len(calls) > 1
            and place[0] > 1
            and place[2] in STANDARD[company.provider]
        ]
        place = self.random.choice(sorted(places))
        self.taken.add(place)
        return cells[place]


def missing_calls(plan: Plan) -> None:
    """A call never reached the log."""
    call = plan.cell()[0]
    plan.company.logged.remove(call)
    for sku, cost in cost_of(plan.company, call).items():
        plan.company.plant(31, _by_count(plan, "missing_calls"), sku, cost)


def duplicate_calls(plan: Plan) -> None:
    """A call is in the log twice."""
    company, call = plan.company, plan.cell()[0]
    company.logged.append(Call(f"{call.call_id}-again", *_rest(call)))
    for sku, cost in cost_of(company, call).items():
        company.plant(31, _by_count(plan, "duplicate_calls"), sku, -cost)


def aborted_streams(plan: Plan) -> None:
    """A stream ended early: the log has half the output."""
    company, call = plan.company, plan.cell()[0]
    seen = call.quantities["output"] // 2
    replace_logged(company, call, quantities=call.quantities | {"output": seen}, is_partial=True)
    sku = (call.model, "output", call.tier)
    unseen = call.quantities["output"] - seen
    company.plant(31, "aborted_streams", sku, unseen * company.own_price(sku))


def cache_split(plan: Plan) -> None:
    """The log counts cached input as uncached."""
    company, call = plan.company, plan.cell()[0]
    cached = call.quantities["cache_read"]
    wrong = {"input": call.quantities["input"] + cached, "cache_read": 0}
    replace_logged(company, call, quantities=call.quantities | wrong)
    _moved(company, call, "cache_split", cached, wrong="input", right="cache_read")


def cache_write_split(plan: Plan) -> None:
    """The log counts one-hour cache writes as five-minute ones."""
    company, call = plan.company, plan.cell()[0]
    long = call.quantities["cache_write_1h"]
    wrong = {"cache_write_5m": call.quantities["cache_write_5m"] + long, "cache_write_1h": 0}
    replace_logged(company, call, quantities=call.quantities | wrong)
    _moved(company, call, "cache_write_split", long, wrong="cache_write_5m", right="cache_write_1h")


def tier_mix(plan: Plan) -> None:
    """A batch call is logged as a standard one."""
    company, call = plan.company, plan.cell()[0]
    batch = Call(call.call_id, call.started_at, call.key, call.model, "batch", call.quantities)
    company.happened[company.happened.index(call)] = batch
    for sku, cost in cost_of(company, batch).items():
        company.plant(31, "tier_mix", sku, cost)
    for sku, cost in cost_of(company, call).items():
        company.plant(31, "tier_mix", sku, -cost)


def tool_fees(plan: Plan) -> None:
    """Web searches the log knows nothing of."""
    company, call = plan.company, plan.cell()[0]
    searched = Call(call.call_id, *_rest(call, web_search=40))
    company.happened[company.happened.index(call)] = searched
    sku = (call.model, "web_search", call.tier)
    company.plant(31, "tool_fees", sku, 40 * company.own_price(sku))


def tokens_undercounted(plan: Plan) -> None:
    """The log has every call, one of them with too little output."""
    company, call = plan.company, plan.cell()[0]
    replace_logged(company, call, quantities=call.quantities | {"output": 100})
    sku = (call.model, "output", call.tier)
    cause = "mixed" if company.provider == "anthropic" else "tokens_undercounted"
    company.plant(31, cause, sku, (call.quantities["output"] - 100) * company.own_price(sku))


def mixed(plan: Plan) -> None:
    """One call missing and another with too much output: no proof of either."""
    company, calls = plan.company, plan.cell()
    company.logged.remove(calls[0])
    more = calls[1].quantities["output"] + calls[0].quantities["output"] + 5_000_000
    replace_logged(company, calls[1], quantities=calls[1].quantities | {"output": more})
    for sku, cost in cost_of(company, calls[0]).items():
        if sku[1] != "output":
            company.plant(31, "mixed", sku, cost)
    sku = (calls[0].model, "output", "standard")
    company.plant(31, "mixed", sku, -5_000_000 * company.own_price(sku))


def untracked_keys(plan: Plan) -> None:
    """A key nobody logs."""
    company = plan.company
    model = plan.cell()[0].model
    for day in (5, 6):
        call = add_call(company, plan.random, day, company.key(9), model)
        for sku, cost in cost_of(company, call).items():
            company.plant(32, "untracked_keys", sku, cost)


def shared_key(plan: Plan) -> None:
    """Someone else uses our key: calls our log cannot have."""
    company, seen = plan.company, plan.cell()[0]
    call = add_call(company, plan.random, seen.started_at.day, seen.key, seen.model)
    for sku, cost in cost_of(company, call).items():
        company.plant(31, _by_count(plan, "missing_calls"), sku, cost)


def day_cut(plan: Plan) -> None:
    """Calls the provider counts in the month before, or still in this one."""
    company = plan.company
    model = plan.cell()[0].model
    early = add_call(company, plan.random, 2, company.key(1), model)
    late = add_call(company, plan.random, 2, company.key(1), model)
    for call, day in ((early, FIRST), (late, NEXT)):
        moment = dt.datetime.combine(day, dt.time(3), dt.UTC)
        moved = Call(call.call_id, moment, call.key, call.model, call.tier, call.quantities)
        company.happened[company.happened.index(call)] = moved
        company.logged.append(moved)
        for sku, cost in cost_of(company, moved).items():
            company.plant(20, "day_cut", sku, cost if day == NEXT else -cost)


def unpriced_usage(plan: Plan) -> None:
    """A model our price list does not know."""
    company = plan.company
    model = UNPRICED_MODEL[company.provider]
    call = add_call(company, plan.random, 7, company.key(1), model)
    company.logged.append(call)

    def found() -> None:
        for (_, sku), charge in company.charged.items():
            if sku[0] == model:
                company.plant(41, "unpriced_usage", sku, charge)

    plan.changes.append(found)


def wrong_price(plan: Plan) -> None:
    """The provider charges one model at another price all month."""
    model = plan.cell()[0].model
    _charge_differently(plan, 41, "wrong_price", lambda _, sku: sku[0] == model, Decimal("1.3"))


def price_change(plan: Plan) -> None:
    """The provider charges one model at another price from some day on."""
    model = plan.cell()[0].model
    days = sorted({day for day, sku in _days_of(plan.company, model)})
    change = days[len(days) // 2]
    _charge_differently(
        plan, 42, "price_change", lambda day, sku: sku[0] == model and day >= change, Decimal("0.7")
    )


def discount(plan: Plan) -> None:
    """The provider takes 15 % off everything."""
    _charge_differently(plan, 42, "discount", lambda _, __: True, Decimal("0.85"))


def discount_with_list(plan: Plan) -> None:
    """20 % off everything, and the export states the list price beside it."""
    company = plan.company

    def stated() -> None:
        company.listed = dict(company.charged)

    plan.changes.append(stated)
    _charge_differently(plan, 42, "discount", lambda _, __: True, Decimal("0.8"))


def overcharge(plan: Plan) -> None:
    """Everything is charged 5 % above the list."""
    _charge_differently(plan, 42, "overcharge", lambda _, __: True, Decimal("1.05"))


def unit_error(plan: Plan) -> None:
    """The export states one class in cents; the invoice is right."""
    company = plan.company
    model = plan.cell()[0].model

    def change() -> None:
        for (day, sku), charge in list(company.charged.items()):
            if sku == (model, "output", "standard") and day.month == 9:
                company.charged[day, sku] = charge * 100
                company.plant(42, "unit_error", sku, charge * 99)
                company.plant(50, "unit_error", sku, -charge * 99)

    plan.changes.append(change)


def usage_not_billed(plan: Plan) -> None:
    """One class of a model is counted and not charged."""
    company = plan.company
    sku = (plan.cell()[0].model, "cache_read", "standard")

    def change() -> None:
        for day, charged_sku in list(company.charged):
            if charged_sku == sku and day.month == 9:
                charge = company.charged.pop((day, sku))
                company.plant(42, "usage_not_billed", sku, -charge)

    plan.changes.append(change)


def cost_not_exported(plan: Plan) -> None:
    """Priority tier: in the usage export and on the invoice, not in the cost export."""
    company = plan.company
    call = plan.cell()[0]
    priority = replace(call, tier="priority")
    company.happened[company.happened.index(call)] = priority
    company.logged[company.logged.index(call)] = priority

    def change() -> None:
        for day, sku in list(company.charged):
            if sku[2] == "priority":
                charge = company.charged.pop((day, sku))
                company.plant(42, "cost_not_exported", sku, -charge)
                company.plant(50, "cost_not_exported", sku, charge)
                company.lines.append(_usage_line(company, sku, charge))

    plan.changes.append(change)


def prepaid_credits(plan: Plan) -> None:
    """Credits bought before pay for everything: usage is billed 0."""
    company = plan.company

    def change() -> None:
        for (day, sku), charge in list(company.charged.items()):
            if day.month != 9:
                continue
            company.charged[day, sku] = Decimal(0)
            company.plant(42, "prepaid_credits", sku, -charge)
        company.purchases.append(("purchase", Decimal("500")))

    plan.changes.append(change)
    _other_line(company, 73, "fee", Decimal("500"))


def credit(plan: Plan) -> None:
    """A credit on the invoice."""
    _other_line(plan.company, 71, "credit", -_draw(plan))


def credit_note(plan: Plan) -> None:
    """A credit note of its own."""
    company, amount = plan.company, -_draw(plan)
    note = f"CN-{company.number:04d}"
    company.lines.append(Line(note, "credit_note", amount, reference=company.invoice_id))
    company.totals[note] = amount
    company.expected[71, "credit_note"] += amount


def commitment_true_up(plan: Plan) -> None:
    """The month stays under the agreed minimum."""
    _other_line(plan.company, 72, "commitment_true_up", _draw(plan))


def fee(plan: Plan) -> None:
    """A support fee."""
    _other_line(plan.company, 73, "fee", _draw(plan))


def tax(plan: Plan) -> None:
    """Sales tax."""
    _other_line(plan.company, 74, "tax", _draw(plan))


def total_rounding(plan: Plan) -> None:
    """The stated total is three cents less than its lines."""
    plan.company.expected[80, "total_rounding"] -= 3 * CENT


def line_rounding(plan: Plan) -> None:
    """Usage lines are rounded to cents."""


def unexplained(plan: Plan) -> None:
    """A usage line that names nothing."""
    company, amount = plan.company, _draw(plan)
    company.lines.append(Line(company.invoice_id, "usage", amount))
    company.expected[60, "unexplained"] += amount


def euros(plan: Plan) -> None:
    """The account is billed in euros."""


Fault = Callable[[Plan], None]

QUANTITY: tuple[Fault, ...] = (
    missing_calls,
    duplicate_calls,
    aborted_streams,
    cache_split,
    cache_write_split,
    tier_mix,
    tool_fees,
    tokens_undercounted,
    mixed,
    untracked_keys,
    shared_key,
    day_cut,
)
PRICE: tuple[Fault, ...] = (
    unpriced_usage,
    wrong_price,
    price_change,
    unit_error,
    usage_not_billed,
    cost_not_exported,
)
ACCOUNT: tuple[Fault, ...] = (discount, discount_with_list, overcharge, prepaid_credits)
INVOICE: tuple[Fault, ...] = (
    credit,
    credit_note,
    commitment_true_up,
    fee,
    tax,
    total_rounding,
    line_rounding,
    unexplained,
    euros,
)


def _by_count(plan: Plan, cause: str) -> str:
    """Anthropic counts no requests: nobody can tell calls from tokens there."""
    return "mixed" if plan.company.provider == "anthropic" else cause


def _rest(call: Call, **more: int) -> tuple[dt.datetime, str, str, str, dict[str, int]]:
    return (call.started_at, call.key, call.model, call.tier, call.quantities | more)


def _moved(
    company: Company, call: Call, cause: str, quantity: int, *, wrong: str, right: str
) -> None:
    for meter, sign in ((wrong, -1), (right, 1)):
        sku = (call.model, meter, call.tier)
        company.plant(31, cause, sku, sign * quantity * company.own_price(sku))


def _draw(plan: Plan) -> Decimal:
    return plan.random.randrange(500, 20_000) * CENT


def _days_of(company: Company, model: str) -> list[tuple[dt.date, Sku]]:
    return [
        (company.provider_date(call), (call.model, "input", call.tier))
        for call in company.happened
        if call.model == model
    ]


def _charge_differently(
    plan: Plan,
    step: int,
    cause: str,
    applies: Callable[[dt.date, Sku], bool],
    factor: Decimal,
) -> None:
    company = plan.company

    def change() -> None:
        for (day, sku), charge in list(company.charged.items()):
            if day.month == 9 and applies(day, sku) and sku[0] in STANDARD[company.provider]:
                company.charged[day, sku] = charge * factor
                company.plant(step, cause, sku, charge * factor - charge)

    plan.changes.append(change)


def _usage_line(company: Company, sku: Sku, amount: Decimal) -> Line:
    return Line(company.invoice_id, "usage", amount, *sku)


def _other_line(company: Company, step: int, category: str, amount: Decimal) -> None:
    company.lines.append(Line(company.invoice_id, category, amount))
    company.expected[step, category] += amount


def charge_everything(company: Company) -> None:
    """Charges what the provider counts at its own list, before any change."""
    for call in company.happened:
        day = company.provider_date(call)
        for meter, quantity in call.quantities.items():
            if quantity:
                sku = (call.model, meter, call.tier)
                price = unit_price(company.provider, call.model, call.tier, meter) * company.rate
                company.charged[day, sku] = (
                    company.charged.get((day, sku), Decimal(0)) + quantity * price
                )
