"""Invoice lines as finance keeps them: one documented CSV (JSON and Parquet with the same names).

Data flow: invoices/*.csv -> ``read`` -> data/raw/invoice_lines.
Alone: ``python -m ingest invoices invoices/2026-10.csv``.

Amounts are signed as printed, in the invoice's ``currency``: credits and credit notes are negative.
``booked_rate`` is units of the functional currency for one of the invoice's. The period's end is
inclusive. Lines that do not sum to the stated ``invoice_total`` land all the same: the bridge
shows the difference.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ingest.exports import values
from ingest.exports.pages import read_documents, unknown_shape
from ingest.exports.records import InputFile, Invoiced, Note, Record, Refused
from ingest.exports.rows import Row, plain_name, read_table, refused
from ingest.exports.values import BadField, text
from ingest.sources.focus import issuer_of

SYNONYMS = {
    "invoice_id": ("invoice_number", "invoice"),
    "issuer": ("provider", "vendor"),
    "billing_account_id": ("account_id", "account"),
    "billing_month": ("billing_period", "period"),
    "period_start_on": ("period_start",),
    "period_end_on": ("period_end",),
    "issued_on": ("invoice_date", "issue_date"),
    "due_on": ("due_date",),
    "line_number": ("line", "line_no"),
    "line_category": ("category", "line_type"),
    "meter": ("token_class", "token_type"),
    "booked_rate": ("fx_rate", "exchange_rate"),
    "reference_invoice_id": ("reference_invoice",),
    "invoice_total": ("total",),
    "invoice_status": ("status",),
}
CATEGORIES = {
    "usage": ("charge", "consumption", "metered"),
    "credit": ("credits", "promotional_credit", "prepaid_credit", "discount"),
    "tax": ("vat", "gst", "sales_tax"),
    "commitment_true_up": (
        "commitment", "commit_true_up", "true_up", "minimum", "minimum_commitment", "shortfall",
    ),
    "fee": ("fees", "support", "platform_fee", "subscription"),
    "adjustment": ("adjustments", "correction", "refund", "rounding"),
    "credit_note": ("credit_memo",),
}  # fmt: skip
METERS = {
    "input": (
        "uncached_input",
        "uncached_input_tokens",
        "input_tokens",
        "input_no_cache",
        "prompt",
    ),
    "cache_read": ("cached_input", "cached", "cache_read_input_tokens", "input_cache_read"),
    "cache_write_5m": ("cache_write", "cache_creation", "input_cache_write_5m"),
    "cache_write_1h": ("input_cache_write_1h",),
    "output": ("output_tokens", "completion"),
    "input_audio": ("audio_input",),
    "output_audio": ("audio_output",),
    "cache_read_audio": ("cached_audio_input",),
    "web_search": ("web_searches", "web_search_requests"),
    "code_execution": ("code_execution_sessions",),
    "image": ("images",),
    "audio_second": ("audio_seconds",),
    "search_unit": ("search_units",),
    "requests": ("request",),
}
STATUSES = {
    "draft": ("pending",),
    "issued": ("open", "sent", "final", "due"),
    "paid": ("settled",),
    "voided": ("void", "cancelled", "canceled"),
}
_REQUIRED = ("invoice_id", "issuer", "amount", "currency")
_NEGATIVE = ("credit", "credit_note")
_KNOWN_WORDS = (
    "description project_id model service_tier quantity unit unit_price amount currency"
    " functional_currency"
)
_KNOWN = frozenset(SYNONYMS) | frozenset(_KNOWN_WORDS.split())


def _reversed(table: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {word: name for name, words in table.items() for word in (name, *words)}


_COLUMN_OF, _CATEGORY_OF = _reversed(SYNONYMS), _reversed(CATEGORIES)
_METER_OF, _STATUS_OF = _reversed(METERS), _reversed(STATUSES)


@dataclass
class _Line:
    """A source row and what became of it."""

    row: Row
    record: Invoiced | None
    error: BadField | None


def read(file: InputFile) -> Iterator[Record]:
    """Records of an invoice file; an invoice lands whole or not at all."""
    by_invoice: dict[tuple[str, str], list[_Line]] = defaultdict(list)
    unknown: set[str] = set()
    for row in _rows(file):
        if isinstance(row, Refused):
            yield row
            continue
        named = _named(row.cells or {})
        unknown |= {name for name in named if name not in _KNOWN}
        if row.is_blank:
            continue
        invoice = (str(named.get("issuer")).strip(), str(named.get("invoice_id")).strip())
        number = len(by_invoice[invoice]) + 1
        try:
            if row.cells is None:
                raise BadField("malformed_row", "", row.raw_text[:200])
            by_invoice[invoice].append(_Line(row, _line(row, named, number), None))
        except BadField as error:
            by_invoice[invoice].append(_Line(row, None, error))
    if unknown:
        yield Note(
            f"columns this version does not know were left out: {', '.join(sorted(unknown))}"
        )
    for lines in by_invoice.values():
        yield from _invoice(lines)


def _rows(file: InputFile) -> Iterator[Row | Refused]:
    if file.format != "lines":
        header, rows = read_table(file)
        _check_columns(file, set(header))
        yield from rows
        return
    for number, (line, document) in enumerate(read_documents(file), start=1):
        if isinstance(document, Refused):
            yield document
            continue
        _check_columns(file, {plain_name(str(name)) for name in document})
        yield Row(number, line, {plain_name(str(name)): v for name, v in document.items()})


def _check_columns(file: InputFile, header: set[str]) -> None:
    named = {_COLUMN_OF.get(name, name) for name in header}
    missing = [name for name in _REQUIRED if name not in named]
    if not {"billing_month", "period_start_on"} & named:
        missing.append("billing_month")
    if missing:
        raise unknown_shape(
            file,
            dict.fromkeys(header),
            f"Missing: {', '.join(missing)}. The README lists the columns under Invoices",
        )


def _named(cells: Mapping[str, Any]) -> dict[str, Any]:
    """Cells by our names; a column's own name wins over its synonyms."""
    named: dict[str, Any] = {}
    for name, value in cells.items():
        ours = _COLUMN_OF.get(name, name)
        if ours == name or values.is_missing(named.get(ours)):
            named[ours] = value
    return named


def _invoice(lines: list[_Line]) -> Iterator[Invoiced | Refused]:
    """The lines of one invoice; all are refused where one is, or where they contradict."""
    broken = any(line.error for line in lines)
    whole = [line.record for line in lines if line.record]
    contradiction = None if broken else _contradiction(whole)
    for line in lines:
        if line.error:
            yield refused(line.row, line.error)
        elif contradiction:
            yield refused(line.row, contradiction)
        elif broken:
            error = BadField("invoice_incomplete", "invoice_id", _id_of(line))
            yield refused(line.row, error)
        elif line.record:
            yield line.record


def _id_of(line: _Line) -> str | None:
    return line.record.invoice_id if line.record else None


def _contradiction(lines: list[Invoiced]) -> BadField | None:
    for name in ("currency", "billing_month", "billing_account_id"):
        stated = {getattr(line, name) for line in lines}
        if len(stated) > 1:
            return BadField("contradicts_invoice", name, ", ".join(sorted(map(str, stated))))
    numbers = [line.line_number for line in lines]
    if len(set(numbers)) < len(numbers):
        doubled = next(number for number in numbers if numbers.count(number) > 1)
        return BadField("contradicts_invoice", "line_number", doubled)
    totals = {line.invoice_total for line in lines if line.invoice_total is not None}
    if len(totals) > 1:
        return BadField("contradicts_total", "invoice_total", ", ".join(map(str, sorted(totals))))
    return None


def _line(row: Row, cells: Mapping[str, Any], number: int) -> Invoiced:
    first, last, month = _period(cells)
    category = _word(cells, "line_category", _CATEGORY_OF) or "usage"
    charged = values.required_amount(cells, "amount")
    if category in _NEGATIVE and charged > 0:
        raise BadField("contradicts_sign", "amount", charged)
    rate = values.amount(cells, "booked_rate")
    if rate is not None and rate <= 0:
        raise BadField("bad_amount", "booked_rate", rate)
    stated = values.count(cells, "line_number")
    return Invoiced(
        source_line=row.line,
        row_number=row.number,
        invoice_id=values.required_text(cells, "invoice_id"),
        line_number=number if stated is None else int(stated),
        issuer=issuer_of(values.required_text(cells, "issuer")),
        billing_account_id=text(cells, "billing_account_id"),
        billing_month=month,
        period_start_on=first,
        period_end_on=last,
        issued_on=_day(cells, "issued_on"),
        due_on=_day(cells, "due_on"),
        invoice_status=_word(cells, "invoice_status", _STATUS_OF) or "issued",
        line_category=category,
        description=text(cells, "description"),
        project_id=text(cells, "project_id"),
        model=text(cells, "model"),
        meter=_meter(text(cells, "meter")),
        service_tier=text(cells, "service_tier"),
        quantity=values.amount(cells, "quantity", "wrong_type"),
        unit=text(cells, "unit"),
        unit_price=values.amount(cells, "unit_price"),
        amount=charged,
        currency=values.currency(cells, "currency"),
        booked_rate=rate,
        functional_currency=_currency(cells, "functional_currency"),
        reference_invoice_id=text(cells, "reference_invoice_id"),
        invoice_total=values.amount(cells, "invoice_total"),
    )


def _period(cells: Mapping[str, Any]) -> tuple[dt.date, dt.date, str]:
    """First and last day, and the month; what is not stated follows from what is."""
    stated = text(cells, "billing_month")
    first, last = _day(cells, "period_start_on"), _day(cells, "period_end_on")
    month = values.month(stated) if stated else first.strftime("%Y-%m") if first else None
    if month is None:
        reason = "missing_field" if stated is None else "bad_month"
        raise BadField(reason, "billing_month", stated)
    year, number = int(month[:4]), int(month[5:])
    first = first or dt.date(year, number, 1)
    last = last or dt.date(year, number, calendar.monthrange(year, number)[1])
    if last < first:
        raise BadField("bad_timestamp", "period_end_on", last)
    return first, last, month


def _day(cells: Mapping[str, Any], field: str) -> dt.date | None:
    value = cells.get(field)
    if values.is_missing(value):
        return None
    found = values.day_of(value)
    if found is None:
        raise BadField("bad_timestamp", field, value)
    return found


def _word(cells: Mapping[str, Any], field: str, words: Mapping[str, str]) -> str | None:
    """A word of a closed list, in any of its spellings."""
    stated = text(cells, field)
    if stated is None:
        return None
    found = words.get(plain_name(stated))
    if found is None:
        raise BadField("unknown_value", field, stated)
    return found


def _meter(stated: str | None) -> str | None:
    """The token class, canonical where it is known."""
    return None if stated is None else _METER_OF.get(plain_name(stated), stated)


def _currency(cells: Mapping[str, Any], field: str) -> str | None:
    return None if text(cells, field) is None else values.currency(cells, field)
