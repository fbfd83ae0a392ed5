"""Anthropic's Admin API: the usage report by key, the cost report in cents, one console CSV."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import polars as pl

from pipeline.simulate.company import MODELS
from pipeline.simulate.delivery import Output
from pipeline.simulate.providers.charges import CENT, NO_MODEL, Charge
from pipeline.simulate.providers.pages import write_months
from pipeline.simulate.providers.usage import COUNTS

Json = dict[str, Any]
Sku = tuple[str, str, str, bool, str]  # day, model, tier, is_long, meter
BILLED = {m.requested: m.billed for m in MODELS if m.provider == "anthropic"}
_NAMES = {
    "claude-haiku-4-5": "Claude Haiku 4.5",
    "claude-sonnet-4-5": "Claude Sonnet 4.5",
    "claude-sonnet-5": "Claude Sonnet 5",
    "claude-opus-5": "Claude Opus 5",
}
# meter -> token type of the API, of the console, words of the description
_TYPES = {
    "input": ("uncached_input_tokens", "input_no_cache", "Input Tokens"),
    "cache_read": ("cache_read_input_tokens", "input_cache_read", "Input Tokens, Cache Read"),
    "cache_write_5m": (
        "cache_creation.ephemeral_5m_input_tokens",
        "input_cache_write_5m",
        "Input Tokens, Cache Write",
    ),
    "cache_write_1h": (
        "cache_creation.ephemeral_1h_input_tokens",
        "input_cache_write_1h",
        "Input Tokens, Cache Write (1h)",
    ),
    "output": ("output_tokens", "output", "Output Tokens"),
}
_TOOLS = {"web_search": "Web Search Usage", "code_execution": "Code Execution Usage"}
_HEADER = (
    "usage_date_utc", "model", "workspace", "api_key", "usage_type", "context_window",
    "token_type", "cost_usd", "list_price_usd", "cost_type", "inference_geo", "speed",
    "api_key_id", "api_key_status",
)  # fmt: skip


def write_usage(output: Output, usage: pl.DataFrame, days: list[str]) -> None:
    """The usage report: no request counts, no code execution."""
    keys = ("day", "key", "model", "tier", "is_long")
    grouped = usage.group_by(keys).agg(pl.col(COUNTS).sum())
    results: dict[str, list[Json]] = defaultdict(list)
    for row in grouped.sort(keys).iter_rows(named=True):
        results[row["day"].isoformat()].append(
            {
                "uncached_input_tokens": row["input"],
                "cache_creation": {
                    "ephemeral_1h_input_tokens": row["cache_write_1h"],
                    "ephemeral_5m_input_tokens": row["cache_write_5m"],
                },
                "cache_read_input_tokens": row["cache_read"],
                "output_tokens": row["output"],
                "server_tool_use": {"web_search_requests": row["web_search"]},
                "account_id": None,
                "api_key_id": row["key"],
                "workspace_id": None,
                "model": BILLED[row["model"]],
                "service_tier": row["tier"],
                "context_window": _window(row["is_long"]),
                "inference_geo": None,
            }
        )
    write_months(
        output, "anthropic-usage", days, lambda day: _bucket(day, results.get(day, [])), _page
    )


def write_costs(output: Output, charges: list[Charge], days: list[str]) -> None:
    """The cost report, grouped by description: amounts are text, in cents."""
    results: dict[str, list[Json]] = defaultdict(list)
    for sku, amount in sorted(_by_sku(charges).items()):
        results[sku[0]].append(_cost_result(sku, amount))
    write_months(
        output, "anthropic-costs", days, lambda day: _bucket(day, results.get(day, [])), _page
    )


def console_total(charges: list[Charge]) -> Decimal:
    """The sum of a console export's rows."""
    return sum((rounded(amount) for amount in _by_sku(charges).values()), Decimal(0))


def write_console(output: Output, charges: list[Charge], month: str) -> None:
    """A month as the console exports it, rounded row by row."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(_HEADER)
    rows = 0
    for (day, model, tier, is_long, meter), amount in sorted(_by_sku(charges).items()):
        shown = rounded(amount)
        rows += 1
        is_tool = meter in _TOOLS
        usage_type = "" if is_tool else tier
        writer.writerow(
            (
                day, "" if is_tool else _NAMES[model], "Default", "gateway", usage_type,
                "" if is_tool else ("> 200k" if is_long else "≤ 200k"),
                "" if is_tool else _TYPES[meter][1], shown, shown,
                meter if is_tool else "tokens", "global", "", "", "active",
            )
        )  # fmt: skip
    output.write(
        f"anthropic-costs/console-{month}.csv", buffer.getvalue().encode(), Counter(landed=rows)
    )


def rounded(amount: Decimal) -> Decimal:
    """Whole cents, as the console rounds each row."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def _by_sku(charges: list[Charge]) -> dict[Sku, Decimal]:
    sums: dict[Sku, Decimal] = defaultdict(Decimal)
    for c in charges:
        sums[c.day.isoformat(), c.model, c.tier, c.is_long, c.meter] += c.amount
    return sums


def _cost_result(sku: Sku, amount: Decimal) -> Json:
    _, model, tier, is_long, meter = sku
    is_tool = meter in _TOOLS
    if is_tool:
        description = _TOOLS[meter]
    else:
        batch = " Batch" if tier == "batch" else ""
        description = f"{_NAMES[model]}{batch} Usage - {_TYPES[meter][2]}"
    return {
        "amount": format(amount * 100, "f"),
        "context_window": None if is_tool else _window(is_long),
        "cost_type": meter if is_tool else "tokens",
        "currency": "USD",
        "description": description,
        "inference_geo": None if is_tool else "global",
        "model": None if is_tool or model == NO_MODEL else BILLED[model],
        "service_tier": None if is_tool else tier,
        "token_type": None if is_tool else _TYPES[meter][0],
        "workspace_id": None,
    }


def _window(is_long: bool) -> str:
    return "200k-1M" if is_long else "0-200k"


def _bucket(day: str, results: list[Json]) -> Json:
    return {
        "starting_at": f"{day}T00:00:00Z",
        "ending_at": f"{_next(day)}T00:00:00Z",
        "results": results,
    }


def _next(day: str) -> str:
    return (dt.date.fromisoformat(day) + dt.timedelta(days=1)).isoformat()


def _page(buckets: list[Json], next_page: str | None) -> Json:
    return {"data": buckets, "has_more": next_page is not None, "next_page": next_page}
