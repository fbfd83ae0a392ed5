"""Planted faults: what reaches the log files late, twice, corrected, broken or incomplete.

Everything here is decided per call before any line is written, so the truth file can be computed
from the plan. Broken lines are extra lines with event ids of their own: no true event is lost.
"""

from __future__ import annotations

from typing import Any

import orjson
import polars as pl

from pipeline.simulate.company import MODELS, SERVICE_NUMBER
from pipeline.simulate.incidents import DAY, Window
from pipeline.simulate.randomness import Draws

SHARES = {
    "late": 0.005,
    "corrected": 0.0008,
    "stream_snapshots": 0.05,
    "repeated_line": 0.003,
    "tenant_missing": 0.02,
    "feature_missing": 0.01,
    "endpoint_missing": 0.5,  # of those without a feature: nothing left to recover it from
    "broken_line": 0.0012,
}
_CAN_BE_LATE = ("assistant-api", "agent-runner", "batch-worker")
_CAN_BE_CORRECTED = ("assistant-api", "batch-worker", "langfuse")
_CAN_LACK_TENANT = ("assistant-api", "agent-runner", "otlp")


def planned_faults(draws: Draws, calls: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Adds what will happen to each call's record.

    Adds ``late_days``, ``older_versions``, ``is_corrected``, ``is_repeated``, ``has_tenant``,
    ``has_feature``, ``has_endpoint``, ``is_final`` and ``file_day`` (day number of its file).
    """
    rows = calls.height

    def chance(name: str) -> pl.Expr:
        return pl.lit(draws.uniform(f"fault/{name}", rows)) < SHARES[name]

    def of(services: tuple[str, ...]) -> pl.Expr:
        return pl.col("service").is_in([SERVICE_NUMBER[name] for name in services])

    last_day = window.days - 1
    whole = pl.col("outcome") == "success"
    early = pl.col("started_ms") < window.end_ms - 3 * DAY
    days_late = (draws.uniform("late_by", rows) * 2).cast(pl.Int64) + 1
    snapshots = (draws.uniform("snapshots", rows) * 2).cast(pl.Int64) + 1
    in_app = of(("assistant-api",))
    calls = calls.with_columns(
        is_corrected=whole & early & of(_CAN_BE_CORRECTED) & chance("corrected")
        & (pl.col("output_tokens") > 40),
        has_tenant=~(of(_CAN_LACK_TENANT) & chance("tenant_missing")),
        has_feature=~(of(_CAN_BE_LATE) & chance("feature_missing")),
        is_final=pl.when(in_app & pl.col("is_streamed") & pl.col("outcome").is_in(
            ["success", "aborted"])).then(whole),
    )  # fmt: skip
    plain = ~pl.col("is_corrected")
    calls = calls.with_columns(
        has_endpoint=pl.col("has_feature") | ~chance("endpoint_missing"),
        late_days=pl.when(plain & of(_CAN_BE_LATE) & chance("late")).then(days_late).otherwise(0),
        older_versions=pl.when("is_corrected")
        .then(1)
        .when(in_app & pl.col("is_streamed") & whole & ~pl.col("cache_hit")
              & (pl.col("output_tokens") > 40) & chance("stream_snapshots"))
        .then(snapshots)
        .otherwise(0),
    )  # fmt: skip
    moved = pl.when("is_corrected").then(2).otherwise("late_days")
    started_day = (pl.col("started_ms") - window.start_ms) // DAY
    return calls.with_columns(
        is_repeated=(pl.col("older_versions") == 0) & chance("repeated_line"),
        file_day=(started_day + moved).clip(upper_bound=last_day),
        observed_ms=pl.col("observed_ms") + pl.when("is_corrected").then(2 * DAY).otherwise(0),
        version=pl.col("older_versions"),
    )


def older_versions(calls: pl.DataFrame, window: Window) -> pl.DataFrame:
    """The records that came before the one that counts: stream snapshots, uncorrected rows.

    Grain: one row per older version, same columns as ``calls``; ``version`` counts from 0.
    """
    older = calls.filter(pl.col("older_versions") > 0)
    older = older.with_columns(pl.int_ranges("older_versions").alias("version"))
    older = older.explode("version", empty_as_null=False, keep_nulls=False)
    ahead = (pl.col("older_versions") - pl.col("version")) * 400
    started_day = (pl.col("started_ms") - window.start_ms) // DAY
    part = (pl.col("version") + 1) * 0.3
    corrected = pl.col("is_corrected")
    output = (
        pl.when(corrected)
        .then(pl.col("output_tokens") * 0.8)
        .otherwise(pl.col("output_tokens") * part)
    )
    return older.with_columns(
        output_tokens=output.cast(pl.Int64),
        is_final=pl.when(corrected).then("is_final").otherwise(pl.lit(False)),
        observed_ms=pl.col("observed_ms") - pl.when(corrected).then(2 * DAY).otherwise(ahead),
        file_day=pl.when(corrected).then(started_day).otherwise("file_day"),
    ).with_columns(
        reasoning_tokens=pl.min_horizontal("reasoning_tokens", pl.col("output_tokens") // 2),
    )


def broken_lines(draws: Draws, service: str, block: int, lines: pl.DataFrame) -> pl.DataFrame:
    """Extra lines that must be refused, each made from a sound line of the same file.

    Args:
        draws: the random numbers.
        service: the service whose log it is; decides which breaks are possible.
        block: number of the block of days, so that each block draws anew.
        lines: sound lines: ``text``, ``file_day``, ``sort_ms``.

    Returns:
        The same columns; ``expected`` is ``quarantined:<reason>``.
    """
    is_camel = service == "agent-runner"
    breaks = _CAMEL_BREAKS if is_camel else _FLAT_BREAKS
    stream = f"broken/{service}/{block}"
    picked = lines.filter(draws.uniform(stream, lines.height) < SHARES["broken_line"])
    drawn = draws.choice(f"{stream}/kind", picked.height, [1.0] * len(breaks)).to_list()
    kinds = list(breaks)
    made = []
    for number, row in enumerate(picked.iter_rows(named=True)):
        kind = kinds[drawn[number]]
        changed = {"eventId" if is_camel else "event_id": f"evt_broken_{service}_{block}_{number}"}
        made.append(
            row
            | {"text": _broken(row["text"], kind, changed), "sort_ms": row["sort_ms"] + 1}
            | {"expected": f"quarantined:{breaks[kind]}"}
        )
    return pl.DataFrame(made, schema=lines.schema)


# What is done to a line, and the reason code a reader should give.
_FLAT_BREAKS = {
    "truncated": "malformed_json",
    "cut_after_colon": "malformed_json",  # readers that look on for the value eat the next line
    "not_json": "malformed_json",
    "no_timestamp": "missing_field",
    "no_provider": "missing_field",
    "no_model": "missing_field",
    "no_usage": "missing_usage",
    "text_for_count": "wrong_type",
    "object_for_latency": "wrong_type",
    "negative_output": "negative_count",
    "more_cached_than_input": "contradictory_buckets",
    "unreadable_time": "bad_timestamp",
    "year_2099": "impossible_time",
    "year_1970": "impossible_time",
    "unknown_outcome": "unknown_enum",
}
_CAMEL_BREAKS = {
    "truncated": "malformed_json",
    "cut_after_colon": "malformed_json",
    "no_timestamp": "missing_field",
    "no_model": "missing_field",
    "year_2099": "impossible_time",
    "unknown_outcome": "unknown_enum",
}
_COUNTS = (
    "input_tokens", "cached_input_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens",
    "output_tokens", "reasoning_tokens", "usage",
)  # fmt: skip


def _broken(text: str, kind: str, identity: dict[str, Any]) -> str:
    record: dict[str, Any] = orjson.loads(text) | identity
    dropped = {
        "no_timestamp": ("timestamp",),
        "no_provider": ("provider",),
        "no_model": ("model", "requested_model", "requestedModel"),
        "no_usage": _COUNTS,
    }
    for field in dropped.get(kind, ()):
        record.pop(field, None)
    if kind == "no_usage":  # a failed call or an answer from our own cache may have none
        record |= {"outcome": "success", "cache_hit": False}
    changed: dict[str, dict[str, Any]] = {
        "text_for_count": {"input_tokens": "many"},
        "object_for_latency": {"latency_ms": {"p50": 3}},
        "negative_output": {"output_tokens": -12},
        "more_cached_than_input": {"input_tokens": 100, "cached_input_tokens": 900},
        "unreadable_time": {"timestamp": "yesterday"},
        "year_2099": {"timestamp": "2099-01-01T00:00:00.000Z"},
        "year_1970": {"timestamp": "1970-01-01T00:00:05.000Z"},
        "unknown_outcome": {"outcome": "exploded"},
    }
    whole = orjson.dumps(record | changed.get(kind, {})).decode()
    if kind == "truncated":
        return whole[: len(whole) * 3 // 5]
    if kind == "cut_after_colon":
        return whole[: whole.index('"model":') + len('"model":')]
    return "ERROR log shipper restarted" if kind == "not_json" else whole


def unknown_model_numbers() -> list[int]:
    """Models planted without any price: an in-house one and one behind an unknown provider."""
    return [i for i, model in enumerate(MODELS) if model.provider.startswith("acme")]
