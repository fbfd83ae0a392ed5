"""OpenAI's Admin API: usage pages of three endpoints by key, and costs by line item."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import polars as pl

from pipeline.simulate.company import MODELS
from pipeline.simulate.delivery import Output
from pipeline.simulate.providers.charges import NO_MODEL, Charge
from pipeline.simulate.providers.pages import SUPERSEDING, write_months, write_page
from pipeline.simulate.providers.usage import COUNTS

Json = dict[str, Any]
BILLED = {m.requested: m.billed for m in MODELS if m.provider == "openai"}
_ITEMS = {
    "input": "input",
    "cache_read": "cached input",
    "cache_write_5m": "cache write input",
    "output": "output",
}
SEARCHING_KEY = "key_internal"
WEB_SEARCH = "web search tool calls"
_ENDPOINTS = ("completions", "embeddings")


def write_usage(output: Output, usage: pl.DataFrame, days: list[str]) -> None:
    """Usage of completions and embeddings, by key, model, batch and tier."""
    results = usage_results(usage)
    for endpoint in _ENDPOINTS:
        write_months(output, f"openai-usage/{endpoint}", days, _buckets(results[endpoint]), _page)


def write_restated_usage(output: Output, usage: pl.DataFrame, day: str) -> None:
    """A day's usage once more, as it was known later."""
    results = usage_results(usage)
    for endpoint in _ENDPOINTS:
        page = _page([_bucket(day, results[endpoint].get(day, []))], None)
        name = f"openai-usage/{endpoint}/{day[:7]}.restated-{day}.json"
        write_page(output, name, page, SUPERSEDING)


def write_searches(output: Output, searches: dict[str, int], days: list[str]) -> None:
    """Web searches, grouped by key as the rest, and not by model."""
    kind = "organization.usage.web_searches.result"
    shown = {
        day: [{"object": kind, "num_model_requests": n, "num_requests": n} | _by_key(SEARCHING_KEY)]
        for day, n in searches.items()
    }
    used = [day for day in days if day in shown]
    write_months(output, "openai-usage/web_search_calls", used, _buckets(shown), _page)


def write_costs(output: Output, charges: list[Charge], days: list[str]) -> None:
    """Costs by line item, thirty decimals and no model."""
    write_months(output, "openai-costs", days, _buckets(_cost_results(charges)), _page)


def write_restated_costs(output: Output, charges: list[Charge], day: str) -> None:
    """A day's costs once more, as they were known later."""
    page = _page([_bucket(day, _cost_results(charges).get(day, []))], None)
    write_page(output, f"openai-costs/{day[:7]}.restated-{day}.json", page, SUPERSEDING)


def usage_results(usage: pl.DataFrame) -> dict[str, dict[str, list[Json]]]:
    """Results by endpoint and day."""
    keys = ("day", "key", "model", "tier")
    grouped = usage.group_by(keys).agg(pl.col(COUNTS).sum())
    found: dict[str, dict[str, list[Json]]] = {name: defaultdict(list) for name in _ENDPOINTS}
    for row in grouped.sort(keys).iter_rows(named=True):
        is_embedding = row["model"].startswith("text-embedding")
        endpoint = "embeddings" if is_embedding else "completions"
        result = _embedding(row) if is_embedding else _completion(row)
        found[endpoint][row["day"].isoformat()].append(result)
    return found


def _completion(row: Json) -> Json:
    read, written = row["cache_read"], row["cache_write_5m"]
    return {
        "object": "organization.usage.completions.result",
        "input_tokens": row["input"] + read + written,
        "input_cached_tokens": read,
        "input_cache_write_tokens": written,
        "input_uncached_tokens": row["input"],
        "output_tokens": row["output"],
        "input_audio_tokens": 0,
        "output_audio_tokens": 0,
        "num_model_requests": row["requests"],
        "project_id": None,
        "user_id": None,
        "api_key_id": row["key"],
        "model": BILLED[row["model"]],
        "batch": row["tier"] == "batch",
        "service_tier": row["tier"] if row["tier"] in ("flex", "priority") else "default",
    }


def _embedding(row: Json) -> Json:
    return {
        "object": "organization.usage.embeddings.result",
        "input_tokens": row["input"],
        "num_model_requests": row["requests"],
        "project_id": None,
        "user_id": None,
        "api_key_id": row["key"],
        "model": BILLED[row["model"]],
        "batch": row["tier"] == "batch",
    }


def _by_key(key: str) -> Json:
    others = dict.fromkeys(("project_id", "user_id", "model", "context_level"))
    return {"api_key_id": key} | others


def _cost_results(charges: list[Charge]) -> dict[str, list[Json]]:
    sums: dict[tuple[str, str], tuple[Decimal, int]] = {}
    for charge in charges:
        place = charge.day.isoformat(), line_item(charge)
        amount, quantity = sums.get(place, (Decimal(0), 0))
        sums[place] = amount + charge.amount, quantity + charge.quantity
    found: dict[str, list[Json]] = defaultdict(list)
    for (day, item), (amount, quantity) in sorted(sums.items()):
        found[day].append(
            {
                "object": "organization.costs.result",
                "amount": {"value": format(amount, "f"), "currency": "usd"},
                "line_item": item,
                "project_id": None,
                "api_key_id": None,
                "quantity": quantity,
                "quantity_unit": None if item == WEB_SEARCH else "tokens",
            }
        )
    return found


def line_item(charge: Charge) -> str:
    """What the cost API calls a charge."""
    if charge.model == NO_MODEL:
        return WEB_SEARCH
    tier = "" if charge.tier == "standard" else f"{charge.tier} | "
    context = ", long context" if charge.is_long else ""
    return f"{tier}{BILLED[charge.model]}, {_ITEMS[charge.meter]}{context}"


def _bucket(day: str, results: list[Json]) -> Json:
    start = int(dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC).timestamp())
    return {"object": "bucket", "start_time": start, "end_time": start + 86_400, "results": results}


def _buckets(results: dict[str, list[Json]]) -> Callable[[str], Json]:
    return lambda day: _bucket(day, results.get(day, []))


def _page(buckets: list[Json], next_page: str | None) -> Json:
    more = {"has_more": next_page is not None, "next_page": next_page}
    return {"object": "page", "data": buckets} | more
