"""Flat snake_case lines of our own services: the structured call log with its own counts."""

from __future__ import annotations

import polars as pl

from pipeline.simulate.canonical import iso, total_input

_WHO = (
    "event_id", "request_id", "operation_id", "attempt", "session_id", "task_id", "run_id",
    "workflow_id", "tenant_id", "user_id", "feature", "endpoint", "environment", "team",
    "workload_class", "prompt_version", "route_policy_version", "deploy_version",
)  # fmt: skip
_WHAT = (
    "provider", "model", "requested_model", "operation", "service_tier", "region", "api_key_id",
    "project_id", "is_batch", "is_streamed", "is_final", "is_fallback", "outcome", "http_status",
    "latency_ms", "time_to_first_token_ms", "cache_hit", "cost_usd",
)  # fmt: skip


def assistant_lines(frame: pl.DataFrame) -> pl.Series:
    """The assistant service: ISO times, no run ids, nothing said about batches."""
    skipped = ("run_id", "workflow_id", "is_batch", "region")
    return _lines(_flat(frame).drop(skipped))


def batch_lines(frame: pl.DataFrame) -> pl.Series:
    """The batch worker: epoch milliseconds, and Google under the name of its SDK."""
    flat = _flat(frame).with_columns(timestamp=frame["started_ms"])
    logged = pl.when(pl.col("provider") == "google").then(pl.lit("gemini")).otherwise("provider")
    return _lines(
        flat.with_columns(provider=logged).drop("session_id", "is_streamed", "is_final", "region")
    )


def table(frame: pl.DataFrame) -> pl.DataFrame:
    """The same as a table, for the CSV and Parquet exports; times are ISO text."""
    return _flat(frame).drop("session_id", "is_streamed", "is_final", "run_id", "workflow_id")


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    has_tokens = pl.col("has_usage") & (pl.col("operation") != "rerank")
    is_chat = pl.col("operation") == "chat"

    def told(value: pl.Expr | str, when: pl.Expr) -> pl.Expr:
        return pl.when(when).then(value)

    def some(name: str) -> pl.Expr:
        return told(name, has_tokens & (pl.col(name) > 0))

    return frame.select(
        iso("started_ms").alias("timestamp"),
        iso("observed_ms").alias("observed_at"),
        *_WHO,
        *_WHAT,
        told(total_input(), has_tokens).alias("input_tokens"),
        some("cache_read_tokens").alias("cached_input_tokens"),
        some("cache_write_5m_tokens"),
        some("cache_write_1h_tokens"),
        told("output_tokens", has_tokens & is_chat),
        told("reasoning_tokens", has_tokens & is_chat & pl.col("reasons")),
        told("search_units", pl.col("search_units") > 0),
    )


def _lines(frame: pl.DataFrame) -> pl.Series:
    return without_nulls(frame.select(line=pl.struct(pl.all()).struct.json_encode())["line"])


def without_nulls(lines: pl.Series) -> pl.Series:
    """JSON lines without the fields that are null; the first field of an object never is."""
    return lines.str.replace_all(r',"\w+":null', "")
