"""When who asks for what: units of work, spread over the period, and their operations.

A unit is a task or a workflow run; an operation is one step of it that wants one answer from a
model, however many attempts that takes.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from pipeline.simulate.company import (
    FEATURE_NUMBER,
    FEATURES,
    REGIONS,
    SERVICE_NUMBER,
    Feature,
    Tenant,
)
from pipeline.simulate.incidents import HOUR, Incident, Window
from pipeline.simulate.prompts import REWORKED
from pipeline.simulate.randomness import Draws, numbers_in
from pipeline.simulate.versions import prompt_starts

ATTEMPTS_PER_OPERATION = 1.027  # so that attempts, not operations, meet the size asked for
GROWTH = 0.5  # traffic at the end of the period is half again that of its start

# Shares of a local day's 24 hours, by workload class.
_WORKDAY = (1, 1, 1, 1, 1, 2, 4, 9, 16, 22, 24, 23, 18, 20, 24, 24, 22, 17, 11, 8, 6, 4, 3, 2)
_NIGHT = (14, 16, 18, 18, 14, 9, 5, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 5, 7, 9, 11, 13)
_HOURS = {"realtime": _WORKDAY, "agents": _WORKDAY, "batch": _NIGHT, "evals": _NIGHT}
_WEEKEND = {"realtime": 0.28, "agents": 0.35, "batch": 0.9, "evals": 0.15}
_GAP_MS = {"copilot": 45_000, "rag_search": 900, "eval_suite": 2_500}


def units(
    draws: Draws,
    window: Window,
    calls: int,
    customers: tuple[Tenant, ...],
    incidents: dict[str, Incident],
) -> pl.DataFrame:
    """Units of work of the whole period.

    Grain: one row per unit: ``feature``, ``tenant``, ``service`` (numbers), ``unit_ms``,
    ``steps``, ``origin``.
    """
    parts = [
        _ordinary_units(draws, window, calls, customers, number) for number in range(len(FEATURES))
    ]
    parts += _incident_units(draws, calls, incidents, customers)
    return pl.concat(parts).with_row_index("unit")


def operations(draws: Draws, window: Window, work: pl.DataFrame) -> pl.DataFrame:
    """One row per operation: its unit's columns, ``step`` from 0 and ``op_ms``.

    The steps a prompt change added come last, so that no other operation is drawn anew.
    """
    ordered = work.with_columns(pl.int_ranges("steps").alias("step")).explode("step")
    steps = pl.concat([ordered, _added_steps(draws, window, work)])
    rows = steps.height
    medians = [float(_GAP_MS.get(f.feature, 5_000)) for f in FEATURES]
    gap = pl.Series("gap", medians).gather(steps["feature"])
    gap = (gap * draws.lognormal("gap", rows, 0.8)).cast(pl.Int64)
    return (
        steps.with_columns(gap=pl.when(pl.col("step") == 0).then(0).otherwise(gap))
        .with_columns(op_ms=pl.col("unit_ms") + pl.col("gap").cum_sum().over("unit"))
        .with_columns(pl.col("op_ms").clip(upper_bound=window.end_ms - 60_000))
        .drop("gap", "unit_ms")
        .with_row_index("op")
    )


def _added_steps(draws: Draws, window: Window, work: pl.DataFrame) -> pl.DataFrame:
    """The steps that units needed more while the prompt that caused rework was live."""
    number = FEATURE_NUMBER[REWORKED.feature]
    start, end = prompt_starts(window, number)[REWORKED.number - 2 :][:2]
    drawn = pl.lit(draws.uniform("added_steps", numbers_in(work["unit"]))).gather(pl.col("unit"))
    more = work.filter(
        (pl.col("feature") == number) & (pl.col("unit_ms") >= start) & (pl.col("unit_ms") < end)
    ).with_columns(more=(pl.col("steps") * REWORKED.more_steps + drawn).floor().cast(pl.Int64))
    return (
        more.with_columns(step=pl.int_ranges("steps", pl.col("steps") + pl.col("more")))
        .drop("more")
        .explode("step", empty_as_null=False)
    )


def _ordinary_units(
    draws: Draws, window: Window, calls: int, customers: tuple[Tenant, ...], number: int
) -> pl.DataFrame:
    feature = FEATURES[number]
    name = feature.feature
    rows = max(1, round(calls / ATTEMPTS_PER_OPERATION * feature.share / feature.steps))
    tenant = _tenants_of(draws, feature, customers, rows)
    regions = [customer.region for customer in customers] + ["us"]
    frame = pl.DataFrame({"tenant": tenant}).with_columns(
        region=pl.Series(regions).gather(tenant), unit_ms=pl.lit(0, pl.Int64)
    )
    for region, offset in REGIONS.items():
        weights = hour_weights(window, feature.workload_class, offset)
        hour = draws.choice(f"hour/{name}/{region}", rows, weights).cast(pl.Int64)
        at = window.start_ms + hour * HOUR
        frame = frame.with_columns(
            unit_ms=pl.when(pl.col("region") == region).then(at).otherwise("unit_ms")
        )
    within = (draws.uniform(f"minute/{name}", rows) * HOUR).cast(pl.Int64)
    services = [share for _, share in feature.services]
    numbers = pl.Series([SERVICE_NUMBER[service] for service, _ in feature.services])
    frame = frame.with_columns(
        feature=pl.lit(number, pl.UInt32),
        unit_ms=(pl.col("unit_ms") + within).clip(upper_bound=window.end_ms - HOUR // 2),
        service=numbers.gather(draws.choice(f"service/{name}", rows, services)).cast(pl.UInt32),
        steps=_steps(draws, feature, rows),
        origin=pl.lit("ordinary"),
    )
    return _before_they_came(frame, window, customers).select(_UNIT_COLUMNS)


_UNIT_COLUMNS = ("feature", "tenant", "service", "unit_ms", "steps", "origin")


def hour_weights(window: Window, workload_class: str, utc_offset: int) -> list[float]:
    """How much of a class's traffic each UTC hour of the period carries in a region."""
    weights = []
    hours = window.days * 24
    for hour in range(hours):
        local = window.start_ms + (hour + utc_offset) * HOUR
        moment = dt.datetime.fromtimestamp(local / 1000, dt.UTC)
        weekend = _WEEKEND[workload_class] if moment.weekday() >= 5 else 1.0
        growth = 1.0 + GROWTH * hour / hours
        weights.append(_HOURS[workload_class][moment.hour] * weekend * growth)
    return weights


def _tenants_of(
    draws: Draws, feature: Feature, customers: tuple[Tenant, ...], rows: int
) -> pl.Series:
    """Tenants of a feature's units; each tenant likes some features more than others."""
    if feature.workload_class == "evals":
        return pl.Series([len(customers)], dtype=pl.UInt32).new_from_index(0, rows)
    liking = draws.uniform(f"liking/{feature.feature}", len(customers)).to_list()
    weights = [c.weight * (0.3 + 1.4 * u) for c, u in zip(customers, liking, strict=True)]
    return draws.choice(f"tenant/{feature.feature}", rows, weights)


def _steps(draws: Draws, feature: Feature, rows: int) -> pl.Series:
    if feature.steps == 1.0 or feature.feature == "rag_search":
        return pl.Series([int(feature.steps)], dtype=pl.Int64).new_from_index(0, rows)
    spread = draws.lognormal(f"steps/{feature.feature}", rows, 0.5) * (feature.steps / 1.133)
    least = 2 if feature.is_workflow else 1
    return spread.round().cast(pl.Int64).clip(least, 40)


def _before_they_came(
    frame: pl.DataFrame, window: Window, customers: tuple[Tenant, ...]
) -> pl.DataFrame:
    """Units drawn for a tenant before it came go to the largest tenant of its region."""
    starts = [window.day_at(c.starts_at_share) for c in customers] + [window.start_ms]
    largest = {"us": 0, "eu": 1, "apac": 4}
    stand_in = [largest[c.region] for c in customers] + [len(customers)]
    start = pl.Series(starts).gather(frame["tenant"])
    other = pl.Series(stand_in, dtype=pl.UInt32).gather(frame["tenant"])
    return frame.with_columns(
        tenant=pl.when(pl.col("unit_ms") < start).then(other).otherwise("tenant")
    )


def _incident_units(
    draws: Draws, calls: int, incidents: dict[str, Incident], customers: tuple[Tenant, ...]
) -> list[pl.DataFrame]:
    research = FEATURE_NUMBER["agent_research"]
    ids = [customer.tenant_id for customer in customers]
    burn, loop = incidents["weekend_burn"], incidents["agent_loop"]
    rows = max(10, round(calls * 0.0007))
    length = max(1, burn.end_ms - burn.start_ms - HOUR)
    at = burn.start_ms + (draws.uniform("burn/at", rows) * length).cast(pl.Int64)
    burning = pl.DataFrame({"unit_ms": at}).with_columns(
        tenant=pl.lit(ids.index(burn.scope["tenant_id"]), pl.UInt32),
        steps=_steps(draws, FEATURES[research], rows),
        origin=pl.lit("weekend_burn"),
    )
    looping = pl.DataFrame({"unit_ms": [loop.start_ms + 20 * 60_000]}).with_columns(
        tenant=pl.lit(ids.index(loop.scope["tenant_id"]), pl.UInt32),
        steps=pl.lit(min(400, max(40, calls // 1_500)), pl.Int64),
        origin=pl.lit("agent_loop"),
    )
    shared = {
        "feature": pl.lit(research, pl.UInt32),
        "service": pl.lit(SERVICE_NUMBER["agent-runner"], pl.UInt32),
    }
    return [f.with_columns(**shared).select(_UNIT_COLUMNS) for f in (burning, looping)]
