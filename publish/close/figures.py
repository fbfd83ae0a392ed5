"""The figures of a month, as a closed month remembers them.

A figure is one line of the ledger, of the invoice bridge or of the chargeback, named by all its
keys. The snapshot of a close is its list of figures; a restatement is a difference of two lists.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from publish.close.cents import money
from publish.close.chargeback import TOTAL_STEP, ChargebackLine
from publish.close.inputs import Month
from publish.csv_files import csv_bytes, read_rows


class FigureKey(NamedTuple):
    """Everything that tells one figure from another; '' where a key does not apply."""

    figure: str
    provider: str
    billing_account_id: str = ""
    invoice_id: str = ""
    currency: str = "USD"
    step: str = ""
    component: str = ""
    model: str = ""
    meter: str = ""
    service_tier: str = ""
    cause: str = ""
    cost_center: str = ""
    project: str = ""
    workload: str = ""
    tenant: str = ""
    basis: str = ""
    allocation_key: str = ""


class Figure(NamedTuple):
    """An amount, and the quantity behind it."""

    amount: Decimal
    quantity: Decimal


Figures = Mapping[FigureKey, Figure]
NOTHING = Figure(Decimal(0), Decimal(0))
HEADER = (*FigureKey._fields, "amount", "quantity")


def figures_of(month: Month, lines: Sequence[ChargebackLine]) -> dict[FigureKey, Figure]:
    """Every figure of a month."""
    found: dict[FigureKey, Figure] = defaultdict(lambda: NOTHING)
    for used in month.ledger:
        key = FigureKey(
            "ledger",
            used.provider,
            used.billing_account_id,
            model=used.model,
            meter=used.meter,
            service_tier=used.service_tier,
            cost_center=used.cost_center,
            project=used.project,
            workload=used.workload,
            tenant=used.tenant,
        )
        found[key] = add(found[key], used.cost_usd, used.quantity)
    for row in month.bridge:
        if row.step == TOTAL_STEP:
            continue
        key = FigureKey(
            "bridge",
            row.provider,
            row.billing_account_id,
            row.invoice_id,
            row.currency,
            str(row.step),
            row.component,
            row.model,
            row.meter,
            row.service_tier,
            row.cause,
        )
        found[key] = add(found[key], row.amount, row.quantity or Decimal(0))
    for line in lines:
        key = FigureKey(
            "chargeback",
            line.provider,
            line.billing_account_id,
            line.invoice_id,
            line.currency,
            cost_center=line.cost_center,
            project=line.project,
            workload=line.workload,
            tenant=line.tenant,
            basis=line.basis,
            allocation_key=line.allocation_key,
        )
        found[key] = add(found[key], money(line.amount_cents), line.quantity or Decimal(0))
    return dict(found)


def add(figure: Figure, amount: Decimal, quantity: Decimal) -> Figure:
    """A figure with something on top."""
    return Figure(figure.amount + amount, figure.quantity + quantity)


def snapshot_bytes(figures: Figures) -> bytes:
    """The snapshot file of a close."""
    return csv_bytes(HEADER, ((*key, *figures[key]) for key in sorted(figures)))


def read_snapshot(content: bytes) -> dict[FigureKey, Figure]:
    """The figures of a snapshot file."""
    return {
        FigureKey(*(row[name] for name in FigureKey._fields)): Figure(
            Decimal(row["amount"]), Decimal(row["quantity"])
        )
        for row in read_rows(content)
    }
