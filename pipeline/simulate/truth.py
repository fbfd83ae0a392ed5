"""What is true of the simulated company: computed from its tables, never from the written files.

A checker compares it with what landing and the marts say. Token sums are of the records that
count (final versions), by provider and billed model; app-cache hits are included.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import polars as pl

from pipeline.simulate.company import (
    FEATURE_NUMBER,
    FEATURES,
    INTERNAL_TENANT,
    KEYED_TENANTS,
    MODELS,
    SERVICE_NUMBER,
    SERVICES,
    Tenant,
)
from pipeline.simulate.faults import unknown_model_numbers
from pipeline.simulate.incidents import Incident, Window
from pipeline.simulate.tokens import CLASSES
from pipeline.simulate.versions import changes

UNATTRIBUTED = "(unattributed)"
_MEASURES = (*CLASSES, "reasoning_tokens", "web_search_requests", "search_units")
Json = dict[str, Any]


def truth_of(
    calls: pl.DataFrame,
    window: Window,
    customers: tuple[Tenant, ...],
    incidents: dict[str, Incident],
    expected: dict[str, Counter[str]],
) -> Json:
    """The truth file's content, except for how it was made.

    Args:
        calls: every call with its planned faults.
        window: the period.
        customers: the tenants.
        incidents: the planted incidents.
        expected: per file, lines by what is expected of them.
    """
    known = named(calls, customers)
    return {
        "period": {"start": _iso(window.start_ms), "end_exclusive": _iso(window.end_ms)},
        "event_count": calls.height,
        "operation_count": calls["op"].n_unique(),
        "version_count": calls.height + int(calls["older_versions"].sum()),
        "files": counts_by_file(expected),
        "totals": counts_of(sum(expected.values(), Counter())),
        "tokens_by_model": _grouped(known, ["provider", "model"], list(_MEASURES)),
        "calls_by_day": _grouped(known, ["day"], []),
        "calls_by_source": _grouped(known, ["source"], []),
        "calls_by_outcome": _grouped(known, ["outcome"], []),
        "calls_by_tenant": _grouped(known, ["tenant_id"], []),
        "calls_by_feature": _grouped(known, ["feature"], []),
        "faults": _faults(calls, known),
        "incidents": [_incident(calls, incident) for incident in incidents.values()],
        "changes": [
            {"at": _iso(c.at_ms), "kind": c.kind, "feature": c.feature, "version": c.version}
            for c in changes(window, incidents)
        ],
    }


def counts_by_file(expected: dict[str, Counter[str]]) -> dict[str, Json]:
    """Per file, the row counts that landing must give."""
    return {name: counts_of(counts) for name, counts in sorted(expected.items())}


def named(calls: pl.DataFrame, customers: tuple[Tenant, ...]) -> pl.DataFrame:
    """Calls with the names the marts should show, mapping rules applied; same order."""
    tenants = pl.Series([c.tenant_id for c in customers] + [INTERNAL_TENANT])
    features = pl.Series([f.feature for f in FEATURES])
    # only large tenants and the company itself have a key of their own to be known by
    known = pl.col("has_tenant") | (pl.col("tenant") < KEYED_TENANTS)
    sources = pl.Series([s if s in ("otlp", "litellm", "langfuse") else "calls" for s in SERVICES])
    # what Langfuse keeps of an Anthropic usage has no thinking in it, and it knows no aborts
    provider = pl.Series([m.provider for m in MODELS]).gather(calls["model"])
    in_langfuse = pl.col("service") == SERVICE_NUMBER["langfuse"]
    unsaid = in_langfuse & (provider == "anthropic")
    untold = in_langfuse & (pl.col("outcome") == "aborted")
    return calls.with_columns(
        provider=provider,
        model=pl.Series([m.billed for m in MODELS]).gather(calls["model"]),
        day=pl.from_epoch("started_ms", time_unit="ms").dt.strftime("%Y-%m-%d"),
        source=sources.gather(calls["service"]),
        tenant_id=pl.when(known).then(tenants.gather(calls["tenant"])).otherwise(
            pl.lit(UNATTRIBUTED)),
        feature=pl.when(pl.col("has_endpoint")).then(features.gather(calls["feature"])).otherwise(
            pl.lit(UNATTRIBUTED)),
        outcome=pl.when(untold).then(pl.lit("success")).otherwise("outcome"),
        reasoning_tokens=pl.when(unsaid).then(0).otherwise("reasoning_tokens"),
    )  # fmt: skip


def _grouped(calls: pl.DataFrame, keys: list[str], measures: list[str]) -> list[Json]:
    return (
        calls.group_by(keys)
        .agg(pl.len().cast(pl.Int64).alias("call_count"), *[pl.sum(name) for name in measures])
        .sort(keys)
        .to_dicts()
    )


def counts_of(counts: Counter[str]) -> Json:
    """The row counts that landing must give for lines of these kinds."""
    reasons = {
        key.removeprefix("quarantined:"): n
        for key, n in sorted(counts.items())
        if key.startswith("quarantined:") and n
    }
    return {
        "rows_read": sum(counts.values()),
        "rows_landed": counts["landed"] + counts["superseding"],
        "rows_duplicate": counts["duplicate"],
        "rows_quarantined": sum(reasons.values()),
        "rows_superseding": counts["superseding"],
        "quarantined_by_reason": reasons,
    }


def _faults(calls: pl.DataFrame, named: pl.DataFrame) -> Json:
    def count(condition: pl.Expr) -> int:
        return calls.filter(condition).height

    unknown = unknown_model_numbers()
    return {
        "late_calls": count(pl.col("late_days") > 0),
        "corrected_calls": count(pl.col("is_corrected")),
        "streams_with_snapshots": count((pl.col("older_versions") > 0) & ~pl.col("is_corrected")),
        "repeated_calls": count(pl.col("is_repeated")),
        "calls_without_tenant": count(~pl.col("has_tenant")),
        "calls_without_tenant_after_rules": named.filter(
            pl.col("tenant_id") == UNATTRIBUTED).height,
        "calls_without_feature": count(~pl.col("has_feature")),
        "calls_without_feature_after_rules": named.filter(
            pl.col("feature") == UNATTRIBUTED).height,
        "calls_of_unpriced_model": count(pl.col("model") == unknown[0]),
        "calls_of_unknown_provider": count(pl.col("model") == unknown[1]),
        "calls_in_missing_price_tier": count(pl.col("is_missing_tier") & pl.col("has_usage")),
        "failed_calls_with_usage": count(
            ~pl.col("outcome").is_in(["success", "aborted"]) & pl.col("has_usage")),
        "failed_calls_without_usage": count(~pl.col("has_usage")),
        "app_cache_hits": count(pl.col("cache_hit")),
        "fallback_calls": count(pl.col("is_fallback")),
        "retry_calls": count(pl.col("attempt") > 1),
    }  # fmt: skip


def _incident(calls: pl.DataFrame, incident: Incident) -> Json:
    struck = calls.filter(_struck_by(incident))
    return {
        "incident_id": incident.incident_id,
        "kind": incident.kind,
        "start": _iso(incident.start_ms),
        "end_exclusive": _iso(incident.end_ms),
        "scope": incident.scope,
        "effect": incident.effect,
        "call_count": struck.height,
        "input_tokens": int(struck.select(pl.sum_horizontal(CLASSES[:-1]).sum()).item()),
        "output_tokens": int(struck["output_tokens"].sum()),
    }


def _struck_by(incident: Incident) -> pl.Expr:
    marks = {
        "retry_storm": pl.col("is_storm"),
        "model_drift": pl.col("is_drift"),
        "cache_drop": pl.col("is_cache_dropped"),
        "prompt_creep": (pl.col("feature") == FEATURE_NUMBER["ticket_summary"])
        & (pl.col("prompt_length") > 1.5),
    }
    return marks.get(incident.kind, pl.col("origin") == incident.kind)


def _iso(epoch_ms: int) -> str:
    return dt.datetime.fromtimestamp(epoch_ms / 1000, dt.UTC).isoformat().replace("+00:00", "Z")
