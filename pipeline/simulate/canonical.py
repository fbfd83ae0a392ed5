"""Calls in words: the numbers of the generator as the fields of the structured call log.

Every dialect starts from this frame and says the same in its own shape. Fields a source would not
say are null.
"""

from __future__ import annotations

import polars as pl

from pipeline.simulate.company import FEATURES, INTERNAL_TENANT, MODELS, Tenant
from pipeline.simulate.randomness import Draws, numbers_in

ISO = "%Y-%m-%dT%H:%M:%S%.3fZ"
_INTERNAL_KEY = "key_internal"


def with_identities(draws: Draws, calls: pl.DataFrame) -> pl.DataFrame:
    """Adds the random bits that ids are made of: ``event_bits``, ``op_bits``, ``unit_bits``."""
    operations, units = calls["op"], calls["unit"]
    return calls.with_columns(
        event_bits=draws.bits("event", calls.height),
        op_bits=draws.bits("operation", numbers_in(operations)).gather(operations),
        unit_bits=draws.bits("unit", numbers_in(units)).gather(units),
    )


def canonical(calls: pl.DataFrame, customers: tuple[Tenant, ...]) -> pl.DataFrame:
    """Fields of the call log; token classes stay disjoint, times stay epoch milliseconds."""
    feature = pl.col("feature")
    unit = pl.col("unit_bits").cast(pl.String)
    workflow = _of_feature("is_workflow")
    agents = _of_feature("workload_class") == "agents"
    tenants = [c.tenant_id for c in customers] + [INTERNAL_TENANT]
    keys = [c.api_key_id for c in customers] + [_INTERNAL_KEY]
    regions = [f"{c.region}-1" for c in customers] + ["us-1"]
    evals = _of_feature("workload_class") == "evals"
    staging = evals | (pl.col("unit_bits") % 33 == 0)
    user = (pl.col("tenant").cast(pl.UInt64) * 1000 + pl.col("unit_bits") % 97).cast(pl.String)
    week = pl.from_epoch("started_ms", time_unit="ms").dt.truncate("1w")
    run = pl.when(pl.col("origin") == "agent_loop").then(pl.lit("run_runaway"))
    return calls.select(
        "started_ms",
        "observed_ms",
        event_id="evt_" + pl.col("event_bits").cast(pl.String),
        request_id="req_" + pl.col("event_bits").cast(pl.String).str.reverse(),
        operation_id="op_" + pl.col("op_bits").cast(pl.String),
        attempt=pl.col("attempt"),
        trace_id="tr_" + unit,
        run_id=pl.when(workflow).then(run.otherwise("run_" + unit)),
        workflow_id=pl.when(workflow).then("wf_" + _of_feature("feature")),
        agent_id=pl.when(agents).then("agent_" + _of_feature("feature")),
        session_id=pl.when(agents | (feature == 0)).then("ses_" + unit),
        task_id=pl.when(~evals).then("task_" + unit),
        tenant_id=pl.when("has_tenant").then(_pick(tenants, pl.col("tenant"))),
        user_id="usr_" + user,
        feature=pl.when("has_feature").then(_of_feature("feature")),
        endpoint=pl.when("has_endpoint").then(_of_feature("endpoint")),
        environment=pl.when(staging).then(pl.lit("staging")).otherwise(pl.lit("production")),
        team=_of_feature("team"),
        workload_class=_of_feature("workload_class"),
        prompt_version=pl.when(pl.col("operation") == "chat").then(
            _of_feature("feature") + "/v" + pl.col("prompt").cast(pl.String)
        ),
        prompt_number=pl.col("prompt"),
        route_policy_version=pl.col("policy"),
        deploy_version=week.dt.strftime("%Y.%m.%d-1"),
        provider=_of_model("provider"),
        model=_of_model("billed"),
        requested_model=_pick([m.requested for m in MODELS], pl.col("asked_model")),
        operation=pl.col("operation"),
        service_tier=pl.col("service_tier"),
        region=_pick(regions, pl.col("tenant")),
        api_key_id=_pick(keys, pl.col("tenant")),
        project_id="proj_" + _of_feature("team"),
        is_batch=pl.col("is_batch"),
        is_streamed=pl.col("is_streamed"),
        is_final=pl.col("is_final"),
        is_fallback=pl.col("is_fallback"),
        outcome=pl.col("outcome"),
        http_status=pl.col("http_status"),
        latency_ms=pl.col("latency_ms"),
        time_to_first_token_ms=pl.col("time_to_first_token_ms"),
        cache_hit=pl.col("cache_hit"),
        cost_usd=pl.col("cost_micro_usd") / 1_000_000,
        has_usage=pl.col("has_usage"),
        uncached_input_tokens=pl.col("uncached_input_tokens"),
        cache_read_tokens=pl.col("cache_read_tokens"),
        cache_write_5m_tokens=pl.col("cache_write_5m_tokens"),
        cache_write_1h_tokens=pl.col("cache_write_1h_tokens"),
        output_tokens=pl.col("output_tokens"),
        reasoning_tokens=pl.col("reasoning_tokens"),
        web_search_requests=pl.col("web_search_requests"),
        search_units=pl.col("search_units"),
        reasons=_of_model("reasons"),
    )


def total_input() -> pl.Expr:
    """All input of a call, caches included."""
    return pl.sum_horizontal(
        "uncached_input_tokens", "cache_read_tokens",
        "cache_write_5m_tokens", "cache_write_1h_tokens",
    )  # fmt: skip


def iso(column: str) -> pl.Expr:
    """Epoch milliseconds as ISO 8601 text in UTC."""
    return pl.from_epoch(column, time_unit="ms").dt.strftime(ISO)


def _pick(values: list[str], index: pl.Expr) -> pl.Expr:
    return pl.lit(pl.Series(values)).gather(index)


def _of_feature(field: str) -> pl.Expr:
    return pl.lit(pl.Series([getattr(f, field) for f in FEATURES])).gather(pl.col("feature"))


def _of_model(field: str) -> pl.Expr:
    return pl.lit(pl.Series([getattr(m, field) for m in MODELS])).gather(pl.col("model"))
