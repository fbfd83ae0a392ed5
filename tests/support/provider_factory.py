"""Hand-made bills: raw provider and invoice lines written without the code under test.

A test says only the fields it is about. `usage` and `cost` make one provider line, `invoice`
one invoice line; `Bills.land` appends lines as one landed file, `Bills.close_month` leaves what
closing a month leaves behind.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from tests.support.lake_factory import UTC_MICROSECONDS, Lake, Row, at

WIDE = pa.decimal128(38, 18)
MONEY = pa.decimal128(38, 12)
TEXT = pa.string()


def _texts(names: str) -> list[tuple[str, pa.DataType]]:
    return [(name, TEXT) for name in names.split()]


_DELIVERY = [
    ("bucket_key", TEXT),
    ("is_current", pa.bool_()),
    ("source_file", TEXT),
    ("source_line", pa.int64()),
    ("landing_id", TEXT),
    ("landed_at", UTC_MICROSECONDS),
]

PROVIDER_SCHEMA = pa.schema(
    [
        ("event_date", pa.date32()),
        ("line_id", TEXT),
        ("line_index", pa.int32()),
        *_texts("source dataset line_kind issuer billing_account_id billing_account_name"),
        *_texts("sub_account_id sub_account_name project_id project_name"),
        *_texts("api_key_id api_key_name"),
        ("period_start_at", UTC_MICROSECONDS),
        ("period_end_at", UTC_MICROSECONDS),
        *_texts("invoice_month invoice_id charge_category service sku_id line_item model"),
        *_texts("token_type service_tier context_window inference_geo speed region"),
        ("is_batch", pa.bool_()),
        ("meter", TEXT),
        ("quantity", WIDE),
        ("unit", TEXT),
        ("pricing_quantity", WIDE),
        ("pricing_unit", TEXT),
        *[
            (name, WIDE)
            for name in ["unit_price", "amount", "list_amount", "credit_amount", "effective_amount"]
        ],
        ("currency", TEXT),
        ("conversion_rate", WIDE),
        ("tags", TEXT),
        ("exported_at", UTC_MICROSECONDS),
        *_DELIVERY,
    ]
)

INVOICE_SCHEMA = pa.schema(
    [
        ("event_date", pa.date32()),
        ("line_id", TEXT),
        ("invoice_id", TEXT),
        ("line_number", pa.int32()),
        *_texts("issuer billing_account_id billing_month"),
        ("period_start_on", pa.date32()),
        ("period_end_on", pa.date32()),
        ("issued_on", pa.date32()),
        ("due_on", pa.date32()),
        *_texts("invoice_status line_category description project_id model meter service_tier"),
        ("quantity", WIDE),
        ("unit", TEXT),
        ("unit_price", WIDE),
        ("amount", MONEY),
        ("currency", TEXT),
        ("booked_rate", MONEY),
        *_texts("functional_currency reference_invoice_id"),
        ("invoice_total", MONEY),
        *_DELIVERY,
    ]
)

_numbers = itertools.count(1)


def usage(day: str, meter: str, quantity: int | str, **fields: Any) -> dict[str, Any]:
    """A usage row: what OpenAI says gpt-4o-mini used that UTC day, unless `fields` differ."""
    defaults = {
        "source": "openai-usage",
        "dataset": "completions",
        "line_kind": "usage",
        "model": "gpt-4o-mini-2024-07-18",
        "meter": meter,
        "quantity": quantity,
        "unit": "requests" if meter == "requests" else "tokens",
    }
    return _provider_line(day, defaults | fields)


def cost(day: str, line_item: str | None, amount: str, **fields: Any) -> dict[str, Any]:
    """A cost row: what OpenAI charged that UTC day, in US dollars, unless `fields` differ."""
    defaults = {
        "source": "openai-costs",
        "dataset": "costs",
        "line_kind": "cost",
        "line_item": line_item,
        "amount": amount,
        "currency": "USD",
    }
    return _provider_line(day, defaults | fields)


def invoice(number: int, amount: str, **fields: Any) -> dict[str, Any]:
    """An invoice line: usage on OpenAI's invoice INV-1 for October 2026 unless `fields` differ."""
    month = fields.get("billing_month", "2026-10")
    first = dt.date.fromisoformat(f"{month}-01")
    last = (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
    row: dict[str, Any] = dict.fromkeys(INVOICE_SCHEMA.names)
    row |= {
        "event_date": first,
        "line_id": f"invoice-line-{next(_numbers)}",
        "invoice_id": "INV-1",
        "line_number": number,
        "issuer": "openai",
        "billing_account_id": "org-1",
        "billing_month": month,
        "period_start_on": first,
        "period_end_on": last,
        "issued_on": last + dt.timedelta(days=2),
        "invoice_status": "issued",
        "line_category": "usage",
        "description": "usage",
        "amount": amount,
        "currency": "USD",
        "is_current": True,
        "source_file": "hand-made",
        "source_line": number,
    }
    row = _checked(row, fields)
    row["bucket_key"] = row["bucket_key"] or f"{row['issuer']}|{row['invoice_id']}"
    return row


def _provider_line(day: str, fields: dict[str, Any]) -> dict[str, Any]:
    started = at(day)
    row: dict[str, Any] = dict.fromkeys(PROVIDER_SCHEMA.names)
    row |= {
        "event_date": started.date(),
        "line_id": f"provider-line-{next(_numbers)}",
        "line_index": 0,
        "issuer": "openai",
        "billing_account_id": "org-1",
        "project_id": "proj-1",
        "api_key_id": "key-1",
        "period_start_at": started,
        "period_end_at": started + dt.timedelta(days=1),
        "charge_category": "usage",
        "is_batch": False,
        "is_current": True,
        "source_file": "hand-made",
        "source_line": 1,
    }
    row = _checked(row, fields)
    row["bucket_key"] = row["bucket_key"] or "|".join(
        [row["source"], row["dataset"], row["issuer"], row["billing_account_id"], day[:10]]
    )
    return row


def _checked(row: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    unknown = fields.keys() - row.keys()
    if unknown:
        raise KeyError(f"not columns of the raw table: {sorted(unknown)}")
    merged = row | fields
    schema = PROVIDER_SCHEMA if "line_kind" in row else INVOICE_SCHEMA
    for field in schema:
        value = merged[field.name]
        if pa.types.is_decimal(field.type) and value is not None:
            merged[field.name] = Decimal(str(value))
    return merged


class Bills:
    """The provider and invoice lines of a data folder; `lake` holds its calls."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.provider_lines = data / "raw" / "provider_lines"
        self.invoice_lines = data / "raw" / "invoice_lines"

    def land(self, rows: Iterable[Row], *, landed_at: dt.datetime | None = None) -> str:
        """Appends provider and invoice lines as one landed file, and its audit row."""
        batch = list(rows)
        lake = Lake(self.data)
        landing_id = f"landing-{lake._sequence + 1:04d}"
        lake._sequence += 1
        moment = landed_at or dt.datetime.now(dt.UTC)
        stamped = [
            dict(row) | {"landing_id": landing_id, "landed_at": row["landed_at"] or moment}
            for row in batch
        ]
        bills = [row for row in stamped if "line_kind" in row]
        invoices = [row for row in stamped if "line_kind" not in row]
        if bills:
            _append(self.provider_lines, bills, PROVIDER_SCHEMA)
        if invoices:
            _append(self.invoice_lines, invoices, INVOICE_SCHEMA)
        source = bills[0]["source"] if bills else "invoices"
        dates = {row["event_date"] for row in batch}
        lake.record_landing(landing_id, dates, len(batch), source=source)
        return landing_id

    def close_month(self, month: str, closed_at: str, reason: str = "") -> None:
        """Leaves the manifest that closing a month leaves behind."""
        folder = self.data / "closes" / month
        folder.mkdir(parents=True)
        closing = {
            "billing_month": month,
            "closed_at": at(closed_at).isoformat(),
            "reason": reason,
        }
        (folder / "manifest.json").write_text(json.dumps(closing), encoding="utf-8")


def _append(path: Path, rows: list[dict[str, Any]], schema: pa.Schema) -> None:
    table = pa.Table.from_pylist(rows, schema=schema)
    write_deltalake(str(path), table, mode="append", partition_by=["event_date"])
