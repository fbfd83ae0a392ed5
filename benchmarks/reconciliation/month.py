"""Exports and invoices that fit a large lake: what the providers of its calls would say.

Data flow: raw/calls -> month_usage.sql -> raw/{provider_lines,invoice_lines,landings}
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from string import Template
from typing import Any

import duckdb

from benchmarks.reconciliation.raw import EXPORTED_AS, append_rows
from ingest.schemas import INVOICE_LINES, LANDINGS, PROVIDER_LINES

_SQL = Path(__file__).with_name("month_usage.sql")
ACCOUNTS = {"openai": "org-1", "anthropic": "org-2", "google": "org-3"}
LANDED = dt.datetime(2026, 10, 5, tzinfo=dt.UTC)


def land_bills(data: Path) -> None:
    """Writes a usage export, a cost export and an invoice for each provider of the lake."""
    files = [str(path) for path in sorted((data / "raw" / "calls").rglob("*.parquet"))]
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        sql = Template(_SQL.read_text(encoding="utf-8")).substitute(files=files)
        usage = connection.execute(sql).fetchall()
    lines: list[dict[str, Any]] = []
    charged: dict[tuple[str, dt.date, str, str, str], Any] = {}
    for day, provider, project, key, model, tier, meter, quantity in usage:
        common = _line(provider, day) | {"model": model, "service_tier": tier}
        common |= {"is_batch": tier == "batch"}
        lines.append(
            common
            | {
                "source": "focus",
                "line_kind": "usage",
                "api_key_id": key,
                "project_id": project,
                "meter": meter,
                "quantity": quantity,
            }
        )
        if meter in EXPORTED_AS:
            place = (provider, day, model, tier, meter)
            charged[place] = charged.get(place, 0) + quantity
    invoiced: dict[tuple[str, str, str, str], Any] = {}
    for (provider, day, model, tier, meter), quantity in charged.items():
        # A made-up price: what is measured is the work, not the result.
        amount = quantity / 1_000_000
        lines.append(
            _line(provider, day)
            | {
                "source": "focus",
                "line_kind": "cost",
                "charge_category": "usage",
                "service": "gemini api",
                "model": model,
                "service_tier": tier,
                "is_batch": tier == "batch",
                "token_type": EXPORTED_AS[meter],
                "amount": amount,
                "currency": "USD",
            }
        )
        sku = (provider, model, tier, meter)
        invoiced[sku] = invoiced.get(sku, 0) + amount
    append_rows(data, PROVIDER_LINES, lines)
    append_rows(data, INVOICE_LINES, [_invoice(*sku, total) for sku, total in invoiced.items()])
    landing = {"landing_id": "bills", "landing_seq": 99, "source": "focus", "landed_at": LANDED}
    counts = {name: 0 for name, kind in LANDINGS.columns if kind == "bigint"}
    append_rows(data, LANDINGS, [counts | landing | {"touched_dates": ""}])


def _line(provider: str, day: dt.date) -> dict[str, Any]:
    hour = 7 if provider == "google" else 0
    begins = dt.datetime.combine(day, dt.time(hour), dt.UTC)
    return {
        "event_date": day,
        "line_index": 0,
        "dataset": "focus_1.2",
        "issuer": provider,
        "billing_account_id": ACCOUNTS[provider],
        "period_start_at": begins,
        "period_end_at": begins + dt.timedelta(days=1),
        "bucket_key": f"{provider}|{day}",
        "is_current": True,
        "landed_at": LANDED,
    }


def _invoice(provider: str, model: str, tier: str, meter: str, amount: Any) -> dict[str, Any]:
    return {
        "event_date": dt.date(2026, 9, 1),
        "invoice_id": f"invoice-{provider}",
        "issuer": provider,
        "billing_account_id": ACCOUNTS[provider],
        "billing_month": "2026-09",
        "invoice_status": "issued",
        "line_category": "usage",
        "model": model,
        "service_tier": tier,
        "meter": meter,
        "amount": amount,
        "currency": "USD",
        "bucket_key": f"invoice-{provider}",
        "is_current": True,
        "landed_at": LANDED,
    }
