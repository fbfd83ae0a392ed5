"""Tokens, tiers, latency and the company's own cost estimate of every attempt.

The token columns are the disjoint classes of our ledger; each dialect folds them back into what
its source would have said.
"""

from __future__ import annotations

import polars as pl

from pipeline.simulate.company import FEATURE_NUMBER, FEATURES, MODEL_NUMBER, MODELS, SERVICE_NUMBER
from pipeline.simulate.incidents import DAY, Incident, Window
from pipeline.simulate.prompts import factor
from pipeline.simulate.randomness import Draws, numbers_in

CACHE_DROP_SHARE = 0.10
_UNSPLIT = [SERVICE_NUMBER[name] for name in ("otlp", "litellm", "langfuse")]
CLASSES = (
    "uncached_input_tokens", "cache_read_tokens", "cache_write_5m_tokens",
    "cache_write_1h_tokens", "output_tokens",
)  # fmt: skip


def with_tokens(draws: Draws, calls: pl.DataFrame, cache_drop: Incident) -> pl.DataFrame:
    """Adds the token classes, ``reasoning_tokens``, ``web_search_requests``, ``search_units``.

    Classes are 0, not null, where a call has none; ``has_usage`` says whether it was told.
    """
    calls = _with_input(draws, calls)
    calls = _with_caches(draws, calls, cache_drop)
    calls = _with_output(draws, calls)
    told = pl.col("has_usage")
    searching = (
        (pl.col("feature") == FEATURE_NUMBER["agent_research"])
        & (pl.lit(_of_model("provider")).gather(pl.col("model")) == "anthropic")
        & (pl.col("outcome") == "success")
        & pl.Series("searching", draws.uniform("searching", calls.height) < 0.2)
    )
    searches = (draws.uniform("searches", calls.height) * 3).cast(pl.Int64) + 1
    reranking = pl.col("operation") == "rerank"
    names = [*CLASSES, "reasoning_tokens"]
    return calls.with_columns(
        **{n: pl.when(told & ~reranking).then(n).otherwise(0).cast(pl.Int64) for n in names},
        web_search_requests=pl.when(searching).then(searches).otherwise(0),
        search_units=pl.when(told & reranking).then(1).otherwise(0).cast(pl.Int64),
    ).drop("prefix", "body", "hits")


def _of_model(field: str) -> pl.Series:
    return pl.Series([getattr(model, field) for model in MODELS])


def _of_feature(field: str) -> pl.Expr:
    return pl.lit(pl.Series([getattr(f, field) for f in FEATURES])).gather(pl.col("feature"))


def _with_input(draws: Draws, calls: pl.DataFrame) -> pl.DataFrame:
    """Input = a prefix that repeats (system prompt, tools) + a body that is this call's own."""
    spread = pl.lit(draws.lognormal("body", numbers_in(calls["op"]), 0.6)).gather(pl.col("op"))
    median = _of_feature("input_tokens").cast(pl.Float64)
    prefix = _of_feature("prefix_tokens").cast(pl.Float64)
    # a creeping prompt grows outside the cached prefix
    creep = pl.when(pl.col("prompt_length") > 1.5).then(median).otherwise(0.0)
    length = pl.when(pl.col("prompt_length") > 1.5).then(1.0).otherwise("prompt_length")
    context = pl.when(pl.col("origin") == "agent_loop").then(850.0).otherwise(420.0)
    growing = pl.col("feature").is_in(
        [i for i, f in enumerate(FEATURES) if f.workload_class == "agents"]
    )
    part = factor("input_factor")
    grown = pl.when(growing).then(pl.col("step") * context).otherwise(0.0) * part
    embedding = (pl.col("operation") == "embeddings") & (
        pl.col("feature") == FEATURE_NUMBER["rag_search"]
    )
    body = ((median - prefix) * spread * length + creep) * part + grown
    return calls.with_columns(
        prefix=pl.when(embedding).then(0.0).otherwise(prefix * length).round().cast(pl.Int64),
        body=pl.when(embedding).then(24 * spread).otherwise(body).round().cast(pl.Int64).clip(4),
        grown=grown.cast(pl.Int64),
    )


def _with_caches(draws: Draws, calls: pl.DataFrame, drop: Incident) -> pl.DataFrame:
    rows = calls.height
    model = pl.col("model")
    provider = pl.lit(_of_model("provider")).gather(model)
    dropped = (
        (pl.col("feature") == FEATURE_NUMBER[drop.scope["feature"]])
        & (pl.col("started_ms") >= drop.start_ms)
        & (pl.col("started_ms") < drop.end_ms)
    )
    share = pl.when(dropped).then(CACHE_DROP_SHARE).otherwise(_of_feature("cache_hit_share"))
    cacheable = (
        (pl.col("prefix") >= 1024)
        & ~pl.col("is_batch")
        & (pl.col("operation") == "chat")
        & provider.is_in(["openai", "anthropic", "google"])
    )
    hit = cacheable & (pl.lit(draws.uniform("cache", rows)) < share)
    writes = cacheable & pl.lit(_of_model("writes_cache")).gather(model)
    kept = pl.col("prefix") + (pl.col("grown") * 0.8).cast(pl.Int64)
    whole = pl.when(provider == "anthropic").then(kept).otherwise(kept // 128 * 128)
    written = (
        pl.when(hit).then((pl.col("body") - pl.col("grown") // 2).clip(0) // 10)
        .otherwise("prefix")
    )  # fmt: skip
    for_an_hour = (
        (provider == "anthropic")
        & ~pl.col("service").is_in(_UNSPLIT)
        & pl.lit(draws.uniform("hour_long", rows) < 0.4)
    )
    return (
        calls.with_columns(
            hits=hit,
            is_cache_dropped=dropped,
            cache_read_tokens=pl.when(hit).then(whole).otherwise(0),
            written=pl.when(writes).then(written).otherwise(0),
        )
        .with_columns(
            cache_write_5m_tokens=pl.when(for_an_hour).then(0).otherwise("written"),
            cache_write_1h_tokens=pl.when(for_an_hour).then("written").otherwise(0),
            uncached_input_tokens=pl.col("prefix")
            + pl.col("body")
            - pl.col("cache_read_tokens")
            - pl.col("written"),
        )
        .drop("written", "grown")
    )


def _with_output(draws: Draws, calls: pl.DataFrame) -> pl.DataFrame:
    rows = calls.height
    reasons = pl.lit(_of_model("reasons")).gather(pl.col("model")) & pl.Series(
        "thinks", draws.uniform("thinks", rows) < 0.6
    )
    spread = pl.lit(draws.lognormal("output", rows, 0.65))
    finished = (
        pl.when(pl.col("outcome") == "success").then(1.0)
        .when(pl.col("outcome") == "aborted").then(0.4)
        .otherwise(0.25)
    )  # fmt: skip
    answer = _of_feature("output_tokens") * spread * finished * factor("output_factor")
    thought = pl.when(reasons).then(answer * (draws.uniform("thought", rows) * 1.5)).otherwise(0)
    chat = pl.col("operation") == "chat"
    output = (answer + thought).round().cast(pl.Int64).clip(1)
    return calls.with_columns(
        output_tokens=pl.when(chat).then(output).otherwise(0),
        reasoning_tokens=pl.when(chat).then(thought.floor().cast(pl.Int64)).otherwise(0),
    ).with_columns(
        reasoning_tokens=pl.min_horizontal("reasoning_tokens", pl.col("output_tokens") - 1).clip(0)
    )


def with_circumstances(draws: Draws, calls: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Adds ``service_tier``, latency, ``observed_ms``, ``http_status`` and ``cost_micro_usd``."""
    rows = calls.height
    calls = _with_tier(draws, calls)
    thinking = draws.lognormal("latency", rows, 0.4)
    first = 240 + 420 * thinking
    whole = first + pl.col("output_tokens") * 7.5 * thinking
    queued = 900_000 * draws.lognormal("queue", rows, 0.5)
    latency = (
        pl.when("cache_hit").then(9.0)
        .when(pl.col("outcome") == "timeout").then(30_000.0)
        .when(pl.col("outcome") == "rate_limited").then(85.0)
        .when("is_batch").then(queued)
        .otherwise(whole)
    )  # fmt: skip
    status = pl.col("outcome").replace_strict(
        {"success": 200, "aborted": 200, "timeout": 408, "rate_limited": 429, "error": 500},
        return_dtype=pl.Int64,
    )
    answered = pl.col("is_streamed") & pl.col("outcome").is_in(["success", "aborted"])
    return calls.with_columns(
        latency_ms=latency.cast(pl.Int64),
        time_to_first_token_ms=pl.when(answered).then(first.cast(pl.Int64)),
        http_status=status,
    ).with_columns(
        observed_ms=pl.col("started_ms") + pl.col("latency_ms") + 40,
        cost_micro_usd=_naive_cost(draws, calls, window),
    )


def _with_tier(draws: Draws, calls: pl.DataFrame) -> pl.DataFrame:
    drawn = pl.lit(draws.uniform("tier", calls.height))
    model = pl.col("model")
    provider = pl.lit(_of_model("provider")).gather(model)
    flexible = model.is_in([MODEL_NUMBER[m] for m in ("gpt-5-mini", "gpt-5-nano", "gpt-5.4")])
    offline = pl.col("feature").is_in(
        [i for i, f in enumerate(FEATURES) if f.workload_class in ("batch", "evals")]
    )
    first_class = (
        (pl.col("feature") == FEATURE_NUMBER["copilot"])
        & (pl.col("tenant") == 0)
        & (model == MODEL_NUMBER["gpt-5-mini"])
    )
    # planted: nobody has a priority price for this model
    missing = (
        (pl.col("feature") == FEATURE_NUMBER["ticket_triage"])
        & (model == MODEL_NUMBER["gpt-5-nano"])
        & (drawn < 0.01)
    )
    return calls.with_columns(
        service_tier=pl.when("is_batch").then(pl.lit("batch"))
        .when(first_class | missing).then(pl.lit("priority"))
        .when(offline & flexible & (drawn < 0.5)).then(pl.lit("flex"))
        .when((provider == "openai") & (pl.col("operation") == "chat")).then(pl.lit("default"))
        .when(provider == "anthropic").then(pl.lit("standard")),
        is_missing_tier=missing & ~pl.col("is_batch"),
    )  # fmt: skip


def _naive_cost(draws: Draws, calls: pl.DataFrame, window: Window) -> pl.Expr:
    """What the company's code believes: all input at one price, batch and caches ignored.

    Wrong on purpose: some streams are booked at 0, and for three days one service booked a
    hundred times too much (a unit slip).
    """
    model = pl.col("model")
    prices = [pl.Series([float(m.naive_input_usd) for m in MODELS]),
              pl.Series([float(m.naive_output_usd) for m in MODELS])]  # fmt: skip
    total = pl.sum_horizontal(CLASSES[:-1])
    cost = total * pl.lit(prices[0]).gather(model)
    cost = cost + pl.col("output_tokens") * pl.lit(prices[1]).gather(model)
    lost = pl.col("is_streamed") & pl.lit(draws.uniform("cost_lost", calls.height) < 0.04)
    slip = window.day_at(0.5)
    slipped = (
        (pl.col("service") == SERVICE_NUMBER["batch-worker"])
        & (pl.col("started_ms") >= slip)
        & (pl.col("started_ms") < slip + 3 * DAY)
    )
    return (
        pl.when(lost).then(0.0).when(slipped).then(cost * 100).otherwise(cost)
        .round().cast(pl.Int64)
    )  # fmt: skip
