"""What an export adapter yields: lines, invoice lines, empty buckets, refusals, notes.

    read(file: InputFile) -> Iterator[Record]

One source row has one ``row_number`` (1-based within the file, any stable count) and yields one
``Line`` per meter, or one ``Refused``; a row with any ``Refused`` is quarantined whole. Rows that
state nothing (a day without amount) yield nothing and are not counted. The engine makes bucket
keys, line ids, versions, the audit and quarantine; it also drops what must not land (below).

Amounts are ``Decimal`` from the source's own digits, never through float, in ``currency``
(Anthropic's cents already US dollars). Decimals beyond 18 places are rounded half-even at landing.

An adapter module may set ``MANY_FILES = True``: the numbered parts of an export (``-00001``,
``part-1``) are then one delivery. Otherwise each file is a delivery, except JSON pages that
say ``has_more``: they and the page after them are one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from ingest.inputs import InputFile

__all__ = ["EmptyBucket", "InputFile", "Invoiced", "Line", "Note", "Reader", "Record", "Refused"]


@dataclass(slots=True, kw_only=True)
class Line:
    """One line of ``raw/provider_lines``: a source row, or one meter of it.

    Attributes:
        source_line: line (text) or record (Parquet, JSON page) number in the file.
        row_number: the source row; lines of one row share it.
        dataset: as in the contract: completions, costs, messages, cur2, …
        family: datasets that state the same thing share it, so that the later one wins
            (``cost_report`` and ``console_costs`` are both ``costs``); default: the dataset.
        line_kind: ``usage`` or ``cost``.
        period_start_at: zone-aware; its UTC day is the bucket and ``event_date``.
        tags: scalar labels only; keys that name people are dropped at landing.
    """

    source_line: int
    row_number: int
    dataset: str
    line_kind: str
    issuer: str
    period_start_at: dt.datetime
    period_end_at: dt.datetime
    family: str | None = None
    billing_account_id: str | None = None
    billing_account_name: str | None = None
    sub_account_id: str | None = None
    sub_account_name: str | None = None
    project_id: str | None = None
    project_name: str | None = None
    api_key_id: str | None = None
    api_key_name: str | None = None
    invoice_month: str | None = None
    invoice_id: str | None = None
    charge_category: str = "usage"
    service: str | None = None
    sku_id: str | None = None
    line_item: str | None = None
    model: str | None = None
    token_type: str | None = None
    service_tier: str | None = None
    context_window: str | None = None
    inference_geo: str | None = None
    speed: str | None = None
    region: str | None = None
    is_batch: bool | None = None
    meter: str | None = None
    quantity: Decimal | None = None
    unit: str | None = None
    pricing_quantity: Decimal | None = None
    pricing_unit: str | None = None
    unit_price: Decimal | None = None
    amount: Decimal | None = None
    list_amount: Decimal | None = None
    credit_amount: Decimal | None = None
    effective_amount: Decimal | None = None
    currency: str | None = None
    conversion_rate: Decimal | None = None
    tags: Mapping[str, str | int | float | bool | Decimal] | None = None
    exported_at: dt.datetime | None = None


@dataclass(slots=True, kw_only=True)
class Invoiced:
    """One line of ``raw/invoice_lines``; dates inclusive, as invoices print them."""

    source_line: int
    row_number: int
    invoice_id: str
    line_number: int
    issuer: str
    billing_month: str
    period_start_on: dt.date
    period_end_on: dt.date
    line_category: str
    amount: Decimal
    currency: str
    billing_account_id: str | None = None
    issued_on: dt.date | None = None
    due_on: dt.date | None = None
    invoice_status: str | None = None
    description: str | None = None
    project_id: str | None = None
    model: str | None = None
    meter: str | None = None
    service_tier: str | None = None
    quantity: Decimal | None = None
    unit: str | None = None
    unit_price: Decimal | None = None
    booked_rate: Decimal | None = None
    functional_currency: str | None = None
    reference_invoice_id: str | None = None
    invoice_total: Decimal | None = None


@dataclass(slots=True, kw_only=True)
class EmptyBucket:
    """A bucket an API page states with zero results; counts only with ``--accept-smaller``."""

    dataset: str
    issuer: str
    period_start_at: dt.datetime
    family: str | None = None
    billing_account_id: str | None = None


@dataclass(slots=True, kw_only=True)
class Refused:
    """A source row that cannot land.

    Attributes:
        reason: code: ``missing_field``, ``wrong_type``, ``bad_amount``, ``bad_timestamp``,
            ``contradicts_total``, ``overlapping_groups``, ``malformed_row``, ….
        field: the source's own name of the field at fault.
        value: its value; cleaned of e-mails and keys by the engine.
        raw_text: the row as text; cleaned likewise.
    """

    source_line: int
    row_number: int
    reason: str
    field: str = ""
    value: str | None = None
    raw_text: str = ""


@dataclass(slots=True, frozen=True)
class Note:
    """Something to tell once a command, e.g. fields nobody knows; nothing lands of it."""

    text: str


Record = Line | Invoiced | EmptyBucket | Refused | Note
Reader = Callable[[InputFile], Iterator[Record]]
