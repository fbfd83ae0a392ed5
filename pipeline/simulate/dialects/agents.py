"""camelCase lines of the agent runner: our fields around the provider's usage object, untouched.

OpenAI chat and responses, embeddings, Anthropic messages, Gemini, Cohere billed units; OpenAI's
billed tier stands beside the usage, as in its answers.
"""

from __future__ import annotations

import polars as pl

from pipeline.simulate.canonical import iso, total_input
from pipeline.simulate.dialects.flat import without_nulls

_FIELDS = (
    "event_id", "request_id", "operation_id", "attempt", "trace_id", "run_id", "workflow_id",
    "agent_id", "session_id", "task_id", "tenant_id", "user_id", "feature", "endpoint",
    "environment", "team", "workload_class", "prompt_version", "route_policy_version",
    "deploy_version", "provider", "model", "requested_model", "operation", "region",
    "api_key_id", "project_id", "is_streamed", "is_fallback", "outcome", "http_status",
    "latency_ms", "time_to_first_token_ms", "cache_hit",
)  # fmt: skip
RESPONSES_MODELS = ("gpt-5.6-sol", "gpt-5.4-2026-03-05")


def runner_lines(frame: pl.DataFrame) -> pl.Series:
    """One line per attempt; a failed attempt without usage has no ``usage``."""
    names = {name: _camel(name) for name in _FIELDS}
    tier = pl.when(pl.col("provider") == "openai").then("service_tier")
    head = frame.select(
        iso("started_ms").alias("timestamp"),
        *[pl.col(name).alias(camel) for name, camel in names.items()],
        tier.alias("serviceTier"),
        iso("observed_ms").alias("observedAt"),
    ).select(line=pl.struct(pl.all()).struct.json_encode())["line"]
    usage = frame.select(usage=pl.when("has_usage").then(pl.coalesce(_usages())).otherwise(None))[
        "usage"
    ]
    parts = pl.DataFrame({"head": head, "usage": usage})
    tail = (
        pl.when(pl.col("usage").is_null())
        .then(pl.lit("}"))
        .otherwise(pl.concat_str(pl.lit(',"usage":'), "usage", pl.lit("}")))
    )
    line = pl.concat_str(pl.col("head").str.strip_suffix("}"), tail)
    return without_nulls(parts.select(line=line)["line"])


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def _usages() -> list[pl.Expr]:
    """One JSON expression per dialect, null where the call is of another."""
    provider = pl.col("provider")
    embedding = pl.col("operation") == "embeddings"
    responses = pl.col("model").is_in(RESPONSES_MODELS)
    openai = provider.is_in(["openai", "acme-gateway", "acme"])
    read, written = pl.col("cache_read_tokens"), pl.col("cache_write_5m_tokens")
    whole = total_input() + pl.col("output_tokens")
    reasoning = pl.col("reasoning_tokens").alias("reasoning_tokens")
    cached = [read.alias("cached_tokens"), written.alias("cache_write_tokens")]
    cases = [
        (openai & embedding, pl.struct(
            total_input().alias("prompt_tokens"), total_input().alias("total_tokens"))),
        (openai & responses, pl.struct(
            total_input().alias("input_tokens"),
            pl.struct(cached).alias("input_tokens_details"),
            pl.col("output_tokens"),
            pl.struct(reasoning).alias("output_tokens_details"),
            whole.alias("total_tokens"))),
        (openai, pl.struct(
            total_input().alias("prompt_tokens"),
            pl.col("output_tokens").alias("completion_tokens"),
            whole.alias("total_tokens"),
            pl.struct(*cached, pl.lit(0).alias("audio_tokens")).alias("prompt_tokens_details"),
            pl.struct(reasoning, pl.lit(0).alias("audio_tokens"))
            .alias("completion_tokens_details"))),
        (provider == "anthropic", _anthropic()),
        (provider == "google", _gemini()),
        (provider == "cohere", pl.struct(
            pl.struct(pl.col("search_units")).alias("billed_units"))),
    ]  # fmt: skip
    return [pl.when(case).then(shape.struct.json_encode()) for case, shape in cases]


def _anthropic() -> pl.Expr:
    five, hour = pl.col("cache_write_5m_tokens"), pl.col("cache_write_1h_tokens")
    return pl.struct(
        pl.col("uncached_input_tokens").alias("input_tokens"),
        pl.col("cache_read_tokens").alias("cache_read_input_tokens"),
        (five + hour).alias("cache_creation_input_tokens"),
        pl.struct(
            five.alias("ephemeral_5m_input_tokens"), hour.alias("ephemeral_1h_input_tokens")
        ).alias("cache_creation"),
        pl.col("output_tokens"),
        pl.struct(pl.col("reasoning_tokens").alias("thinking_tokens")).alias(
            "output_tokens_details"
        ),
        pl.struct(pl.col("web_search_requests"), pl.lit(0).alias("web_fetch_requests")).alias(
            "server_tool_use"
        ),
        pl.lit("standard").alias("service_tier"),
        pl.lit("global").alias("inference_geo"),
    )


def _gemini() -> pl.Expr:
    """``candidatesTokenCount`` leaves the thoughts out; zero counts are not sent at all."""
    thoughts, read = pl.col("reasoning_tokens"), pl.col("cache_read_tokens")
    return pl.struct(
        total_input().alias("promptTokenCount"),
        pl.when(read > 0).then(read).alias("cachedContentTokenCount"),
        (pl.col("output_tokens") - thoughts).alias("candidatesTokenCount"),
        pl.when(thoughts > 0).then(thoughts).alias("thoughtsTokenCount"),
        (total_input() + pl.col("output_tokens")).alias("totalTokenCount"),
    )
