"""Tasks as the calls show them: what each cost, when it began and ended, whose it was."""

from __future__ import annotations

import polars as pl

from pipeline.simulate.company import FEATURES, SERVICE_NUMBER

_EVALS = [number for number, f in enumerate(FEATURES) if f.workload_class == "evals"]


def is_of_task() -> pl.Expr:
    """Calls that carry a task id: evaluations work for nobody's task."""
    return ~pl.col("feature").is_in(_EVALS)


def tasks_of(calls: pl.DataFrame) -> pl.DataFrame:
    """What the calls of each task come to; its names are those of its first call.

    Grain: one row per task, by ``unit``: ``feature``, ``tenant``, ``prompt`` (numbers),
    ``named_feature``, ``named_tenant`` (as the ledger attributes them), ``opened_ms``,
    ``ended_ms``, ``call_count``, ``cost``, ``unpriced_count``, ``is_served`` (every operation got
    an answer), ``in_langfuse`` (some call's trace is there).

    Args:
        calls: every call, with ``cost``, ``named_feature`` and ``named_tenant``.
    """
    own = calls.filter(is_of_task()).sort("unit", "started_ms", "event_bits")
    answered = pl.col("outcome").is_in(["success", "aborted"])
    served = own.group_by("op").agg(pl.first("unit"), served=answered.any())
    whole = served.group_by("unit").agg(is_served=pl.col("served").all())
    first = (
        "feature", "tenant", "prompt", "origin", "unit_bits", "named_feature", "named_tenant",
    )  # fmt: skip
    in_langfuse = pl.col("service") == SERVICE_NUMBER["langfuse"]
    return (
        own.group_by("unit", maintain_order=True)
        .agg(
            *[pl.first(name) for name in first],
            opened_ms=pl.min("started_ms"),
            ended_ms=(pl.col("started_ms") + pl.col("latency_ms")).max(),
            call_count=pl.len().cast(pl.Int64),
            cost=pl.sum("cost"),
            unpriced_count=pl.col("cost").null_count().cast(pl.Int64),
            in_langfuse=in_langfuse.any(),
        )
        .join(whole, on="unit", how="left", maintain_order="left")
    )
