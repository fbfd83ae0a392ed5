"""invoice_bridge.csv and reconciliation.csv: the marts, with who looked at what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from publish.close.inputs import Invoice, Month, named_rows
from publish.csv_files import csv_bytes

BRIDGE_HEADER = (
    "invoice_id",
    "issuer",
    "period",
    "currency",
    "step",
    "component",
    "cause",
    "sku",
    "quantity",
    "unit",
    "amount",
    "tolerance",
    "status",
    "reason_code",
    "note",
    "reviewed_by",
    "reviewed_at",
    "source_hash",
)
MOVING_COLUMNS = ("status", "next_action")
"""What signing a month changes in the marts: no reason to call its inputs changed."""


@dataclass(frozen=True)
class Review:
    """What a person found out about a variance."""

    reason_code: str
    note: str
    reviewed_by: str
    reviewed_at: str


def read_reviews(
    connection: duckdb.DuckDBPyConnection, month: str
) -> dict[tuple[str, str, str, str], Review]:
    """Reviews of a month by provider, invoice, model and token class ('' = all)."""
    rows = connection.execute(
        "select provider, coalesce(invoice_id, ''), coalesce(model, ''), "
        "coalesce(token_class, ''), coalesce(reason_code, ''), coalesce(note, ''), "
        "coalesce(reviewed_by, ''), coalesce(cast(reviewed_at as varchar), '') "
        "from seeds.reconciliation_reviews where billing_month = ? order by all",
        [month],
    ).fetchall()
    return {(row[0], row[1], row[2], row[3]): Review(*row[4:]) for row in rows}


def bridge_bytes(
    month: Month,
    reviews: Mapping[tuple[str, str, str, str], Review],
    tolerances: Mapping[tuple[str, str, int], Decimal],
    reviewed_by: str,
) -> bytes:
    """invoice_bridge.csv: every cell of the bridge with tolerance, status and review."""
    invoices = {invoice.key: invoice for invoice in month.invoices}
    rows = []
    for row in month.bridge:
        invoice = invoices.get((row.provider, row.billing_account_id, row.invoice_id, row.currency))
        review = _review_of(reviews, row.provider, row.invoice_id, row.model, row.meter)
        is_sku = row.model not in ("", "(invoice)")
        rows.append(
            (
                row.invoice_id,
                row.provider,
                month.name,
                row.currency,
                row.step,
                row.component,
                row.cause,
                "/".join((row.model, row.meter, row.service_tier)) if is_sku else "",
                row.quantity,
                row.unit,
                row.amount,
                tolerances.get((row.provider, row.invoice_id, row.step)),
                _status_of(invoice),
                review.reason_code,
                review.note,
                review.reviewed_by or (reviewed_by if invoice else ""),
                review.reviewed_at,
                invoice.source_hash if invoice else "",
            )
        )
    return csv_bytes(BRIDGE_HEADER, rows)


def reconciliation_rows(
    connection: duckdb.DuckDBPyConnection, month: str
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The reconciliation mart of a month, in the order of its columns."""
    return named_rows(
        connection,
        "select * from marts.fct_invoice_reconciliation_monthly "
        "where billing_month = ? order by all",
        [month],
    )


def settled(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Rows without the columns that signing moves."""
    kept = [place for place, name in enumerate(header) if name not in MOVING_COLUMNS]
    return [[row[place] for place in kept] for row in rows]


def _status_of(invoice: Invoice | None) -> str:
    return invoice.status if invoice else "open"


def _review_of(
    reviews: Mapping[tuple[str, str, str, str], Review],
    provider: str,
    invoice_id: str,
    model: str,
    meter: str,
) -> Review:
    """The narrowest review that fits."""
    for key in (
        (provider, invoice_id, model, meter),
        (provider, invoice_id, model, ""),
        (provider, invoice_id, "", ""),
        (provider, "", model, meter),
        (provider, "", "", ""),
    ):
        if key in reviews:
            return reviews[key]
    return Review("", "", "", "")
