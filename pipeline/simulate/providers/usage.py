"""What providers count of the company's calls: requests, tokens and tools, by key and day.

A provider knows the calls that reached it: not what our own cache answered, nor what it refused.
A failed call of which the log knows no usage counts as a request unless the log can tell that it
was refused. The tier is what the log says; Langfuse says none, and those calls ran as standard.
"""

from __future__ import annotations

import polars as pl

from pipeline.simulate.company import FEATURES, MODELS, SERVICE_NUMBER, Tenant
from pipeline.simulate.providers.prices import context_threshold

PROVIDERS = ("openai", "anthropic", "google", "cohere")
METERS = {
    "input": "uncached_input_tokens",
    "cache_read": "cache_read_tokens",
    "cache_write_5m": "cache_write_5m_tokens",
    "cache_write_1h": "cache_write_1h_tokens",
    "output": "output_tokens",
    "web_search": "web_search_requests",
    "search_unit": "search_units",
}
COUNTS = ("requests", *METERS, "reasoning")
SKU = ("provider", "model", "tier", "is_long")
CELL = ("day", "utc_day", "key", "project", *SKU)
_CLOCKS = {"google": "America/Los_Angeles"}  # its day and month; the others count in UTC


def billed_calls(calls: pl.DataFrame, customers: tuple[Tenant, ...]) -> pl.DataFrame:
    """Calls a provider has counted.

    Grain: one row per call attempt: ``CELL``, ``COUNTS``, ``service``, ``outcome``, ``op``.
    """
    model = pl.col("model")
    provider = pl.lit(pl.Series([m.provider for m in MODELS])).gather(model)
    keys = pl.Series([c.api_key_id for c in customers] + ["key_internal"])
    projects = pl.Series([f"proj_{f.team}" for f in FEATURES])
    thresholds = [context_threshold(m.provider, m.requested) or 2**40 for m in MODELS]
    whole = pl.sum_horizontal(list(METERS.values())[:4])
    unsure = pl.col("service").is_in([SERVICE_NUMBER["otlp"], SERVICE_NUMBER["langfuse"]])
    counted = (
        pl.col("has_usage")
        | (pl.col("outcome") == "timeout")
        | ((pl.col("outcome") == "error") & unsure)
    )
    started = pl.from_epoch("started_ms", time_unit="ms").dt.replace_time_zone("UTC")
    pacific = started.dt.convert_time_zone(_CLOCKS["google"]).dt.date()
    return calls.filter(provider.is_in(PROVIDERS) & ~pl.col("cache_hit") & counted).select(
        day=pl.when(provider == "google").then(pacific).otherwise(started.dt.date()),
        utc_day=started.dt.date(),
        key=pl.lit(keys).gather(pl.col("tenant")),
        project=pl.lit(projects).gather(pl.col("feature")),
        provider=provider,
        model=pl.lit(pl.Series([m.requested for m in MODELS])).gather(model),
        tier=price_tier(),
        is_long=whole > pl.lit(pl.Series(thresholds)).gather(model),
        requests=pl.lit(1, pl.Int64),
        **{meter: pl.col(column).cast(pl.Int64) for meter, column in METERS.items()},
        reasoning=pl.col("reasoning_tokens").cast(pl.Int64),
        service=pl.col("service"),
        outcome=pl.col("outcome"),
        op=pl.col("op"),
        hour=started.dt.hour(),
    )  # fmt: skip


def price_tier() -> pl.Expr:
    """The tier a call is priced at."""
    untold = (pl.col("service") == SERVICE_NUMBER["langfuse"]) | pl.col("service_tier").is_null()
    return (
        pl.when("is_batch").then(pl.lit("batch"))
        .when(untold | (pl.col("service_tier") == "default")).then(pl.lit("standard"))
        .otherwise("service_tier")
    )  # fmt: skip


def summed(calls: pl.DataFrame) -> pl.DataFrame:
    """Usage of calls, or of usage rows, by key and day. Grain: ``CELL``."""
    return calls.group_by(CELL).agg(pl.col(COUNTS).sum()).sort(CELL)
