"""Who pays an invoice: direct lines from the ledger, allocated lines by a recorded key.

Direct: what the ledger saw, at the invoice's value. The bridge says per SKU what metered cost
became on the invoice (timing, quantity, rate, price, export); that amount is shared by the ledger
cost of the SKU, by its quantity where the ledger has no price. Allocated: everything no ledger
line caused. All lines of an invoice are rounded together, once, by largest remainder, so they sum
to its total.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from publish.close.cents import cents_of, largest_remainder, proportional
from publish.close.inputs import NO_COST_CENTER, NOT_INVOICED, BridgeRow, LedgerLine, Month

DIRECT_STEPS = frozenset({10, 20, 31, 41, 42, 50})
TOTAL_STEP = 90
NO_LEDGER = "usage_without_ledger"
UNSHARED = "(unallocated)"

Sku = tuple[str, str, str]
Payer = tuple[str, str, str, str]
"""Cost centre, project, workload, tenant."""


@dataclass(frozen=True, order=True)
class ChargebackLine:
    """What one payer pays of one invoice, in hundredths of its currency."""

    period: str
    provider: str
    billing_account_id: str
    invoice_id: str
    cost_center: str
    project: str
    workload: str
    tenant: str
    basis: str
    allocation_key: str
    currency: str
    amount_cents: int
    quantity: Decimal | None


@dataclass(frozen=True)
class AllocationRule:
    """How a component is shared, and what of it is effective cost."""

    key: str = "ledger_cost"
    effective: str = "billed"


Rules = Mapping[tuple[str, str], AllocationRule]


def rule_for(rules: Rules, provider: str, component: str) -> AllocationRule:
    """The rule of a provider's component; the general one, else by ledger cost."""
    return rules.get((provider, component)) or rules.get(("*", component)) or AllocationRule()


def chargeback(month: Month, rules: Rules) -> list[ChargebackLine]:
    """The chargeback lines of every invoice of a month, sorted."""
    cells: dict[tuple[str, str, str, str], list[BridgeRow]] = defaultdict(list)
    for row in month.bridge:
        if row.invoice_id != NOT_INVOICED:
            key = (row.provider, row.billing_account_id, row.invoice_id, row.currency)
            cells[key].append(row)
    ledgers: dict[str, list[LedgerLine]] = defaultdict(list)
    for line in month.ledger:
        ledgers[line.provider].append(line)
    lines = [
        line
        for (provider, account, invoice, currency), rows in cells.items()
        for line in _share_invoice(
            (month.name, provider, account, invoice, currency),
            rows,
            _of_account(ledgers[provider], account),
            rules,
        )
    ]
    return sorted(lines)


def _of_account(lines: Sequence[LedgerLine], account: str) -> list[LedgerLine]:
    """The provider's lines on this account; where no line says its account, all of them."""
    mapped = [line for line in lines if line.billing_account_id == account]
    return mapped or [line for line in lines if not line.billing_account_id]


def _share_invoice(  # noqa: PLR0912 -- one invoice, one pass
    invoice: tuple[str, str, str, str, str],
    rows: Sequence[BridgeRow],
    ledger: Sequence[LedgerLine],
    rules: Rules,
) -> list[ChargebackLine]:
    period, provider, account, invoice_id, currency = invoice
    used: dict[Sku, list[LedgerLine]] = defaultdict(list)
    for line in ledger:
        used[(line.model, line.meter, line.service_tier)].append(line)
    by_sku: dict[Sku, Decimal] = defaultdict(Decimal)
    by_component: dict[str, Decimal] = defaultdict(Decimal)
    total = Decimal(0)
    for row in rows:
        sku = (row.model, row.meter, row.service_tier)
        if row.step == TOTAL_STEP:
            continue
        total += row.amount
        if row.step not in DIRECT_STEPS:
            by_component[row.component] += row.amount
        elif sku in used:
            by_sku[sku] += row.amount
        else:
            by_component[NO_LEDGER] += row.amount

    exact: dict[tuple[Payer, str, str], Fraction] = defaultdict(Fraction)
    quantities: dict[Payer, Decimal] = defaultdict(Decimal)
    for sku, amount in sorted(by_sku.items()):
        for payer, share in proportional(amount, _weights(used[sku])).items():
            exact[(payer, "direct", "")] += share
    for line in ledger:
        if line.meter != "requests":
            quantities[_payer(line)] += line.quantity
    for component, amount in sorted(by_component.items()):
        if amount:
            key = rule_for(rules, provider, component).key
            for payer, share in proportional(amount, _carriers(key, ledger)).items():
                exact[(payer, "allocated", f"{component}:{key}")] += share

    keys = sorted(exact)
    cents = largest_remainder(cents_of(total), [exact[key] * 100 for key in keys])
    return [
        ChargebackLine(
            period,
            provider,
            account,
            invoice_id,
            *payer,
            basis=basis,
            allocation_key=key,
            currency=currency,
            amount_cents=amount_cents,
            quantity=quantities[payer] if basis == "direct" else None,
        )
        for (payer, basis, key), amount_cents in zip(keys, cents, strict=True)
        if amount_cents or basis == "direct"
    ]


def _payer(line: LedgerLine) -> Payer:
    return (line.cost_center, line.project, line.workload, line.tenant)


def _summed(lines: Sequence[LedgerLine], column: str) -> dict[Payer, Decimal]:
    weights: dict[Payer, Decimal] = defaultdict(Decimal)
    for line in lines:
        weights[_payer(line)] += getattr(line, column)
    return dict(sorted(weights.items()))


def _weights(lines: Sequence[LedgerLine]) -> dict[Payer, Decimal]:
    """By cost; by quantity where the ledger knows no price."""
    by_cost = _summed(lines, "cost_usd")
    return by_cost if any(by_cost.values()) else _summed(lines, "quantity")


def _carriers(key: str, ledger: Sequence[LedgerLine]) -> dict[Payer, Decimal]:
    if key.startswith("cost_center:"):
        payer = (key.removeprefix("cost_center:"), UNSHARED, UNSHARED, UNSHARED)
        return {payer: Decimal(1)}
    if not ledger:
        return {(NO_COST_CENTER, UNSHARED, UNSHARED, UNSHARED): Decimal(1)}
    if key == "call_count":
        return _summed([line for line in ledger if line.meter == "requests"], "quantity") or (
            _summed(ledger, "cost_usd")
        )
    if key == "equal":
        return dict.fromkeys(_summed(ledger, "cost_usd"), Decimal(1))
    return _weights(ledger)
