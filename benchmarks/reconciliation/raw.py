"""Writes the companies' calls, exports and invoices as the raw tables they would land in.

Data flow: companies -> raw/{calls,provider_lines,invoice_lines,landings} and a folder of seeds.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from benchmarks.reconciliation.companies import FIRST, MONTH, Company, usage_of
from benchmarks.reconciliation.prices import (
    METERS,
    STANDARD,
    TIER_FACTORS,
    unit_price,
)
from ingest.schemas import CALLS, INVOICE_LINES, LANDINGS, PROVIDER_LINES, Table
from pipeline.settings import PROJECT

Row = dict[str, Any]
LANDED = dt.datetime(2026, 10, 5, tzinfo=dt.UTC)
LOGGED_AS = {
    "input": "uncached_input_tokens",
    "cache_read": "cache_read_tokens",
    "cache_write_5m": "cache_write_5m_tokens",
    "cache_write_1h": "cache_write_1h_tokens",
    "output": "output_tokens",
    "web_search": "web_search_requests",
}
EXPORTED_AS = {
    "input": "input tokens",
    "cache_read": "cached input tokens",
    "cache_write_5m": "cache write tokens",
    "cache_write_1h": "cache write 1h tokens",
    "output": "output tokens",
    "web_search": "web search",
}
USAGE_EXPORT = {
    "openai": ("openai-usage", "completions"),
    "anthropic": ("anthropic-usage", "messages"),
    "google": ("focus", "focus_1.2"),
}


def land_companies(data: Path, companies: Iterable[Company]) -> None:
    """Writes the raw tables of a data folder, as one landed file."""
    listed = list(companies)
    calls = [row for company in listed for row in _calls(company)]
    bills = [row for company in listed for row in _bills(company)]
    invoices = [row for company in listed for row in _invoice_lines(company)]
    for table, rows in ((CALLS, calls), (PROVIDER_LINES, bills), (INVOICE_LINES, invoices)):
        _append(data / "raw" / table.name, table, [_delivered(row) for row in rows])
    days = sorted({str(row["event_date"]) for row in calls})
    landings = [_landing(1, "calls", days), _landing(2, "focus", []), _landing(3, "invoices", [])]
    _append(data / "raw" / LANDINGS.name, LANDINGS, landings)


def write_seeds(folder: Path) -> Path:
    """Writes the seeds the companies' prices are in: their own, and nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    models = [(provider, model) for provider in STANDARD for model in STANDARD[provider]]
    _seed(
        folder,
        "price_list",
        [_price(provider, model, tier) for provider, model in models for tier in TIER_FACTORS],
    )
    _seed(folder, "price_overrides", [])
    _seed(folder, "contract_prices", [])
    _seed(folder, "price_modifiers", [])
    _seed(
        folder,
        "model_aliases",
        [
            {
                "provider": provider,
                "rule_order": number,
                "and_group": 1,
                "match_kind": "equals",
                "pattern": model,
                "price_provider": provider,
                "price_model": model,
                "origin": "hand",
            }
            for number, (provider, model) in enumerate(models)
        ],
    )
    rate = {"currency": "EUR", "valid_from": "2026-01-01", "units_per_usd": "0.9"}
    _seed(
        folder,
        "fx_rates",
        [rate | {"usd_per_unit": "1.111111111", "source": "made up", "checked_at": "2026-01-01"}],
    )
    return folder


def _calls(company: Company) -> Iterator[Row]:
    for call in company.logged:
        yield {
            "event_date": call.started_at.date(),
            "event_id": call.call_id,
            "component_index": 0,
            "source": "calls",
            "provider": company.provider,
            "model": call.model,
            "attempt": 1,
            "api_key_id": call.key,
            "project_id": f"project-{company.number:04d}",
            "service_tier": None if call.tier == "batch" else call.tier,
            "is_batch": call.tier == "batch",
            "is_streamed": call.is_partial,
            "is_fallback": False,
            "is_cache_hit": False,
            "outcome": "aborted" if call.is_partial else "success",
            "usage_status": "partial" if call.is_partial else "reported",
            "usage_dialect": "flat",
            "started_at": call.started_at,
            "observed_at": call.started_at,
        } | {LOGGED_AS[meter]: quantity for meter, quantity in call.quantities.items()}


def _bills(company: Company) -> Iterator[Row]:
    source, dataset = USAGE_EXPORT[company.provider]
    for (day, key, (model, meter, tier)), quantity in usage_of(company).items():
        yield _bill(company, day) | {
            "source": source,
            "dataset": dataset,
            "line_kind": "usage",
            "api_key_id": key,
            "project_id": f"project-{company.number:04d}",
            "model": model,
            "service_tier": tier,
            "is_batch": tier == "batch",
            "meter": meter,
            "quantity": Decimal(quantity),
        }
    for (day, (model, meter, tier)), amount in company.charged.items():
        yield _bill(company, day) | {
            "source": "focus",
            "dataset": "focus_1.2",
            "line_kind": "cost",
            "charge_category": "usage",
            "service": "gemini api" if company.provider == "google" else company.provider,
            "model": model,
            "token_type": EXPORTED_AS[meter],
            "service_tier": tier,
            "is_batch": tier == "batch",
            "amount": amount,
            "list_amount": company.listed.get((day, (model, meter, tier))),
            "currency": company.currency,
        }
    for category, amount in company.purchases:
        yield _bill(company, FIRST) | {
            "source": "focus",
            "dataset": "focus_1.2",
            "line_kind": "cost",
            "charge_category": category,
            "service": "gemini api" if company.provider == "google" else company.provider,
            "amount": amount,
            "currency": company.currency,
        }


def _bill(company: Company, day: dt.date) -> Row:
    """A provider's line of one of its days; Google's begin at seven in the morning, UTC."""
    hour = 7 if company.provider == "google" else 0
    begins = dt.datetime.combine(day, dt.time(hour), dt.UTC)
    return {
        "event_date": begins.date(),
        "line_index": 0,
        "issuer": company.provider,
        "billing_account_id": company.account,
        "period_start_at": begins,
        "period_end_at": begins + dt.timedelta(days=1),
        "bucket_key": f"{company.account}|{day}",
    }


def _invoice_lines(company: Company) -> Iterator[Row]:
    for line in company.lines:
        yield {
            "event_date": FIRST,
            "invoice_id": line.invoice_id,
            "issuer": company.provider,
            "billing_account_id": company.account,
            "billing_month": MONTH,
            "issued_on": dt.date(2026, 10, 3),
            "invoice_status": "issued",
            "line_category": line.category,
            "description": line.category,
            "model": line.model,
            "meter": line.meter,
            "service_tier": line.tier,
            "amount": line.amount,
            "currency": company.currency,
            "reference_invoice_id": line.reference,
            "invoice_total": company.totals[line.invoice_id],
            "bucket_key": f"{company.provider}|{line.invoice_id}",
        }


def _delivered(row: Row) -> Row:
    return row | {
        "is_current": True,
        "source_file": "made up",
        "source_line": 1,
        "landing_id": "landing-1",
        "landed_at": LANDED,
    }


def _landing(number: int, source: str, days: list[str]) -> Row:
    return {
        "landing_id": f"landing-{number}",
        "landing_seq": number,
        "source": source,
        "source_file": "made up",
        "file_sha256": f"landing-{number}",
        "file_bytes": 1,
        "rows_read": 0,
        "rows_landed": 0,
        "rows_duplicate": 0,
        "rows_quarantined": 0,
        "rows_superseding": 0,
        "rows_component": 0,
        "touched_dates": ",".join(days),
        "landed_at": LANDED,
        "code_version": "benchmark",
    }


def append_rows(data: Path, table: Table, rows: list[Row]) -> None:
    """Appends rows to a raw table of a data folder; what a row does not say is NULL."""
    _append(data / "raw" / table.name, table, rows)


def _append(path: Path, table: Table, rows: list[Row]) -> None:
    named = [dict.fromkeys(table.names) | row for row in rows]
    if "line_id" in table.names:
        for number, row in enumerate(named):
            row["line_id"] = f"{table.name}-{number}"
    if "line_number" in table.names:
        for number, row in enumerate(named):
            row["line_number"] = number
    for row in named:
        unknown = row.keys() - set(table.names)
        if unknown:
            raise KeyError(f"not columns of {table.name}: {sorted(unknown)}")
    partitions = [table.partition_by] if table.partition_by else None
    batch = pa.Table.from_pylist(named, schema=table.arrow)
    write_deltalake(str(path), batch, mode="append", partition_by=partitions)


def _price(provider: str, model: str, tier: str) -> Row:
    row: Row = {
        "price_id": f"{provider}/{model}:{tier}>0@2020-01-01",
        "provider": provider,
        "model": model,
        "service_tier": tier,
        "input_tokens_over": 0,
        "valid_from": "2020-01-01",
        "is_start_known": "true",
        "source": "made up",
        "source_version": "1",
        "checked_at": "2026-01-01",
    }
    for meter, listed in zip(METERS, STANDARD[provider][model], strict=True):
        if listed is not None:
            is_tool = meter == "web_search"
            price = unit_price(provider, model, tier, meter) * (1000 if is_tool else 1_000_000)
            row[f"{meter}_usd_per_{'thousand' if is_tool else 'million'}"] = price
    return row


def _seed(folder: Path, name: str, rows: list[Row]) -> None:
    """A seed with the columns of the project's own."""
    original = next((PROJECT / "seeds").rglob(f"{name}.csv"))
    with original.open(encoding="utf-8", newline="") as lines:
        columns = next(csv.reader(lines))
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
