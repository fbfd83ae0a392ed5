"""May this month be closed? Every reason why not.

A month is ready when it is over, everything metered or exported in it has its invoice, and every
invoice is inside its tolerances or explained by a person. A reason given by a person lifts that.
What no reason lifts: the order of months, an account for every posting, and sums that do not tie.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from publish.close.chargeback import TOTAL_STEP
from publish.close.inputs import NOT_INVOICED, Month, last_day

GOOD_STATUSES = frozenset({"matched", "explained", "signed_off"})


def open_reasons(month: Month, today: dt.date) -> list[str]:
    """What a given reason can lift."""
    reasons = []
    if today <= last_day(month.name):
        reasons.append(f"the month is not over before {last_day(month.name)} is")
    waiting: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for row in month.bridge:
        if row.invoice_id == NOT_INVOICED and row.step != TOTAL_STEP:
            waiting[(row.provider, row.billing_account_id, row.currency)] += row.amount
    reasons += [
        f"{provider}, account {account}: {amount:.2f} {currency} used and no invoice yet; "
        '`make ingest ARGS="invoices FILE"` when it arrives'
        for (provider, account, currency), amount in sorted(waiting.items())
        if amount
    ]
    bridged = {row.provider for row in month.bridge}
    costs: dict[str, Decimal] = defaultdict(Decimal)
    for line in month.ledger:
        costs[line.provider] += line.cost_usd
    reasons += [
        f"{provider}: {cost:.2f} USD metered and neither export nor invoice"
        for provider, cost in sorted(costs.items())
        if cost and provider not in bridged
    ]
    reasons += [
        f"invoice {invoice.invoice_id} of {invoice.provider} is {invoice.status}: "
        + (
            "explain it in seeds/finance/reconciliation_reviews.csv"
            if invoice.status == "variance"
            else "it is not settled"
        )
        for invoice in month.invoices
        if invoice.status not in GOOD_STATUSES
    ]
    return reasons + [
        f"invoice {invoice.invoice_id} of {invoice.provider} is in {invoice.currency} and no "
        f"booked_rate to {invoice.functional_currency} is known"
        for invoice in month.invoices
        if invoice.booked_rate is None
    ]


def broken_sums(month: Month) -> list[str]:
    """What nothing lifts: an invoice whose bridge does not sum to its total."""
    sums: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for row in month.bridge:
        if row.step != TOTAL_STEP:
            sums[(row.provider, row.billing_account_id, row.invoice_id, row.currency)] += row.amount
    return [
        f"the bridge of invoice {invoice.invoice_id} of {invoice.provider} sums to "
        f"{sums[invoice.key]}, its total is {invoice.total}"
        for invoice in month.invoices
        if sums[invoice.key] != invoice.total
    ]


def out_of_order(month: str, closed: Sequence[str]) -> list[str]:
    """What nothing lifts: months are closed forward, because each close names the one before."""
    if closed and month < closed[-1]:
        return [
            f"{closed[-1]} is closed already; months are closed in order. What changed in "
            f"{month} cannot be posted before it"
        ]
    return []
