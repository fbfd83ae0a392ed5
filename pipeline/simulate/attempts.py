"""Every call attempt with its outcome: which model, which retries, what the app cache answered."""

from __future__ import annotations

import math

import polars as pl

from pipeline.simulate.company import (
    FEATURE_NUMBER,
    FEATURES,
    MODEL_NUMBER,
    MODELS,
    SERVICE_NUMBER,
    UNKNOWN_PROVIDER_MODEL,
)
from pipeline.simulate.incidents import Incident, Window
from pipeline.simulate.randomness import Draws
from pipeline.simulate.versions import with_prompts, with_route_policy

FAILURE_SHARE = 0.018
ABORTED_SHARE = 0.006
MAX_ATTEMPTS = 3
STORM_FAILURE_SHARE = 0.75
STORM_MAX_ATTEMPTS = 6


def attempts(
    draws: Draws, window: Window, ops: pl.DataFrame, incidents: dict[str, Incident]
) -> pl.DataFrame:
    """One row per call attempt of each operation.

    Adds to the columns of operations: ``operation``, ``model``, ``policy``, ``prompt``,
    ``attempt``, ``outcome``, ``has_usage``, ``is_fallback``, ``is_streamed``, ``is_batch``,
    ``cache_hit``, ``started_ms`` and the incident marks ``is_storm``, ``is_drift``.
    """
    ops = _with_models(draws, ops)
    ops = with_prompts(ops, window)
    drifted = draws.uniform("drifted", ops.height)
    ops = with_route_policy(ops, window, incidents["model_drift"], drifted)
    ops = _with_manners(draws, ops, incidents["retry_storm"])
    tries = ops.with_columns(pl.int_ranges(1, pl.col("tries") + 1).alias("attempt"))
    return _with_outcomes(draws, tries.explode("attempt"), window)


def _with_models(draws: Draws, ops: pl.DataFrame) -> pl.DataFrame:
    """The model each operation is first sent to, and what it asks of it."""
    rows = ops.height
    feature = pl.col("feature")
    model = pl.lit(0, pl.UInt32)
    for number, spec in enumerate(FEATURES):
        numbers = pl.Series([MODEL_NUMBER[name] for name, _ in spec.routes], dtype=pl.UInt32)
        picked = draws.choice(f"route/{spec.feature}", rows, [w for _, w in spec.routes])
        model = pl.when(feature == number).then(numbers.gather(picked)).otherwise(model)
    in_search = feature == FEATURE_NUMBER["rag_search"]
    is_embedding = (feature == FEATURE_NUMBER["content_index"]) | (
        in_search & (pl.col("step") == 0)
    )
    is_rerank = in_search & (pl.col("step") == 1)
    operation = (
        pl.when(is_embedding).then(pl.lit("embeddings"))
        .when(is_rerank).then(pl.lit("rerank"))
        .otherwise(pl.lit("chat"))
    )  # fmt: skip
    in_summary = feature == FEATURE_NUMBER["ticket_summary"]
    through_gateway = pl.Series("gateway", draws.uniform("gateway", rows) < 0.012)
    return ops.with_columns(operation=operation, model=model).with_columns(
        model=pl.when(in_search & (pl.col("step") == 0))
        .then(MODEL_NUMBER["text-embedding-3-small"])
        .when(is_rerank)
        .then(MODEL_NUMBER["rerank-v3.5"])
        .when(in_summary & (pl.col("model") == MODEL_NUMBER["gpt-5-mini"]) & through_gateway)
        .then(UNKNOWN_PROVIDER_MODEL)
        .otherwise("model")
        .cast(pl.UInt32)
    )


def _with_manners(draws: Draws, ops: pl.DataFrame, storm: Incident) -> pl.DataFrame:
    """Streamed or not, batch or not, answered by our own cache, and how many tries it took."""
    rows = ops.height
    chat = pl.col("operation") == "chat"
    in_storm = (
        (pl.col("feature") == FEATURE_NUMBER[storm.scope["feature"]])
        & (pl.col("op_ms") >= storm.start_ms)
        & (pl.col("op_ms") < storm.end_ms)
    )
    from_app_cache = _of_feature(draws, "app_cache", rows, "app_cache_share")
    tried = draws.uniform("tries", rows).log()
    calm_tries = _tries(tried, FAILURE_SHARE, MAX_ATTEMPTS)
    storm_tries = _tries(tried, STORM_FAILURE_SHARE, STORM_MAX_ATTEMPTS)
    is_keyed = pl.col("model") < MODEL_NUMBER["rerank-v3.5"]
    return (
        ops.with_columns(
            is_storm=in_storm,
            is_streamed=chat & _of_feature(draws, "streamed", rows, "streamed_share"),
            cache_hit=chat & from_app_cache & is_keyed,
            failures=pl.when(in_storm).then(storm_tries).otherwise(calm_tries),
        )
        .with_columns(
            is_batch=chat & ~in_storm & _of_feature(draws, "batch", rows, "batch_share") & is_keyed,
            failures=pl.when("cache_hit").then(0).otherwise("failures"),
        )
        .with_columns(
            tries=(pl.col("failures") + 1).clip(
                upper_bound=pl.when("is_storm").then(STORM_MAX_ATTEMPTS).otherwise(MAX_ATTEMPTS)
            )
        )
    )


def _of_feature(draws: Draws, stream: str, rows: int, share: str) -> pl.Expr:
    shares = pl.Series([float(getattr(feature, share)) for feature in FEATURES])
    drawn = pl.lit(draws.uniform(stream, rows))
    return drawn < pl.lit(shares).gather(pl.col("feature"))


def _tries(log_uniform: pl.Series, share: float, most: int) -> pl.Series:
    """Failed tries before a success, at most ``most`` (then none succeeds)."""
    return (log_uniform / math.log(share)).floor().cast(pl.Int64).clip(0, most)


def _with_outcomes(draws: Draws, tries: pl.DataFrame, window: Window) -> pl.DataFrame:
    rows = tries.height
    tries = _with_fallbacks(draws, tries)
    failed = pl.col("attempt") <= pl.col("failures")
    kind = draws.uniform("failure", rows)
    told = draws.uniform("told", rows)
    aborted = pl.Series("aborted", draws.uniform("aborted", rows) < ABORTED_SHARE)
    offset = (pl.col("attempt") - 1) * 3_100
    jitter = (draws.uniform("jitter", rows) * 900).cast(pl.Int64)
    return tries.with_columns(
        outcome=pl.when(failed & pl.col("is_storm")).then(pl.lit("timeout"))
        .when(failed & (kind < 0.4)).then(pl.lit("rate_limited"))
        .when(failed & (kind < 0.75)).then(pl.lit("timeout"))
        .when(failed).then(pl.lit("error"))
        .when(pl.col("is_streamed") & ~pl.col("cache_hit") & aborted).then(pl.lit("aborted"))
        .otherwise(pl.lit("success")),
        started_ms=(pl.col("op_ms") + offset + jitter).clip(upper_bound=window.end_ms - 1),
    ).with_columns(
        has_usage=pl.col("outcome").is_in(["success", "aborted"])
        | pl.col("is_storm")
        | ((pl.col("outcome") == "timeout") & (told < 0.5))
        | ((pl.col("outcome") == "error") & (told < 0.2)),
    )  # fmt: skip


def _with_fallbacks(draws: Draws, tries: pl.DataFrame) -> pl.DataFrame:
    """After a failure some chats go to the feature's fallback model."""
    rows = tries.height
    spare = pl.Series([MODEL_NUMBER[f.fallback] for f in FEATURES], dtype=pl.UInt32)
    moved = (
        (pl.col("attempt") > 1)
        & (pl.col("operation") == "chat")
        & ~pl.col("is_storm")
        & pl.Series("moved", draws.uniform("fallback", rows) < 0.4)
    )
    # Langfuse rows keep to the two dialects its export tells apart.
    other = pl.lit(spare).gather(pl.col("feature"))
    return tries.with_columns(
        is_fallback=moved & (other != pl.col("model")),
        asked_model=pl.col("model"),
        model=pl.when(moved).then(other).otherwise("model").cast(pl.UInt32),
    ).with_columns(service=_service())


def _service() -> pl.Expr:
    """Where a call is logged: what a tool's export has no words for, our own service logs.

    Langfuse here only carries OpenAI and Anthropic; traces and Langfuse know no app cache, and
    traces no rerank units.
    """
    others = [i for i, m in enumerate(MODELS) if m.provider not in ("openai", "anthropic")]
    at = {name: pl.col("service") == number for name, number in SERVICE_NUMBER.items()}
    stray = (at["langfuse"] & (pl.col("model").is_in(others) | pl.col("cache_hit"))) | (
        at["otlp"] & (pl.col("cache_hit") | (pl.col("operation") == "rerank"))
    )
    in_workflow = pl.col("feature") == FEATURE_NUMBER["rag_search"]
    home = (
        pl.when(in_workflow)
        .then(SERVICE_NUMBER["agent-runner"])
        .otherwise(SERVICE_NUMBER["assistant-api"])
    )
    return pl.when(stray).then(home).otherwise("service").cast(pl.UInt32)
