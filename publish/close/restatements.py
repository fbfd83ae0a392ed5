"""What changed in closed months since they were closed, posted once, in the month closed now.

    today = snapshot + every restatement posted so far + the restatements posted now

per figure and to the last digit. That is how a restatement is computed, and `make verify` and the
tests hold it to that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from publish.close.figures import NOTHING, Figure, FigureKey, Figures
from publish.csv_files import csv_bytes, read_rows

PROVIDER_REPORTED = "provider_reported"
"""The meter of calls whose source states their cost: its own word, no price of ours."""


@dataclass(frozen=True)
class Restatement:
    """One changed figure of one closed month.

    Attributes:
        posted_month: the close that posts it.
        billing_month: the closed month it belongs to.
        key: the figure.
        snapshot: what was closed.
        restated_before: what earlier closes posted.
        today: what the warehouse says now.
        reason: late_events, repricing, remapping, restated_by_source, late_invoice,
            invoice_changed, follows.
    """

    posted_month: str
    billing_month: str
    key: FigureKey
    snapshot: Figure
    restated_before: Figure
    today: Figure
    reason: str

    @property
    def amount(self) -> Decimal:
        """What is posted."""
        return self.today.amount - self.snapshot.amount - self.restated_before.amount

    @property
    def quantity(self) -> Decimal:
        """The change of the quantity behind it."""
        return self.today.quantity - self.snapshot.quantity - self.restated_before.quantity


HEADER = (
    "posted_month",
    "billing_month",
    *FigureKey._fields,
    "snapshot_amount",
    "restated_before_amount",
    "today_amount",
    "restatement_amount",
    "restatement_quantity",
    "reason",
)


def restate(
    posted_month: str,
    billing_month: str,
    snapshot: Figures,
    posted: Mapping[FigureKey, Figure],
    today: Figures,
) -> list[Restatement]:
    """The restatements of one closed month.

    Args:
        posted_month: the month being closed.
        billing_month: the closed month.
        snapshot: its figures when it was closed.
        posted: the sum of what earlier closes restated.
        today: its figures now.

    Returns:
        One per figure that differs, sorted.
    """
    found = [
        Restatement(
            posted_month,
            billing_month,
            key,
            snapshot.get(key, NOTHING),
            posted.get(key, NOTHING),
            today.get(key, NOTHING),
            reason="",
        )
        for key in sorted(snapshot.keys() | posted.keys() | today.keys())
    ]
    changed = [line for line in found if line.amount or line.quantity]
    known = {key.invoice_id for key in snapshot.keys() | posted.keys()}
    return [_reasoned(line, changed, known) for line in changed]


def posted_so_far(files: Iterable[bytes], billing_month: str) -> dict[FigureKey, Figure]:
    """The sum of everything earlier closes posted for a month.

    Args:
        files: the restatements.csv of each earlier close.
        billing_month: the closed month.
    """
    sums: dict[FigureKey, Figure] = defaultdict(lambda: NOTHING)
    for content in files:
        for row in read_rows(content):
            if row["billing_month"] == billing_month:
                key = FigureKey(*(row[name] for name in FigureKey._fields))
                sums[key] = Figure(
                    sums[key].amount + Decimal(row["restatement_amount"]),
                    sums[key].quantity + Decimal(row["restatement_quantity"]),
                )
    return dict(sums)


def restatements_bytes(lines: Sequence[Restatement]) -> bytes:
    """The restatements file of a close."""
    return csv_bytes(
        HEADER,
        (
            (
                line.posted_month,
                line.billing_month,
                *line.key,
                line.snapshot.amount,
                line.restated_before.amount,
                line.today.amount,
                line.amount,
                line.quantity,
                line.reason,
            )
            for line in lines
        ),
    )


def _reasoned(
    line: Restatement, changed: Sequence[Restatement], known_invoices: set[str]
) -> Restatement:
    return Restatement(
        line.posted_month,
        line.billing_month,
        line.key,
        line.snapshot,
        line.restated_before,
        line.today,
        _reason(line.key, changed, known_invoices),
    )


def _reason(key: FigureKey, changed: Sequence[Restatement], known_invoices: set[str]) -> str:
    if key.figure != "ledger":
        if key.invoice_id not in known_invoices:
            return "late_invoice"
        invoice = [
            other
            for other in changed
            if other.key.figure == "bridge" and other.key.invoice_id == key.invoice_id
        ]
        return "invoice_changed" if sum(other.amount for other in invoice) else "follows"
    same_sku = [
        other for other in changed if other.key.figure == "ledger" and other.key[:10] == key[:10]
    ]
    if key.meter == PROVIDER_REPORTED:
        return "restated_by_source"
    if sum(other.quantity for other in same_sku):
        return "late_events"
    return "repricing" if sum(other.amount for other in same_sku) else "remapping"
