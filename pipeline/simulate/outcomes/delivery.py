"""Files of product events: the app's and the agents' own, one CSV, one export of Langfuse scores.

As with calls, every line carries what a reader must make of it.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import orjson
import polars as pl

from pipeline.simulate.canonical import iso
from pipeline.simulate.delivery import PLAIN_DAYS, Output, delivered_again
from pipeline.simulate.dialects.flat import without_nulls
from pipeline.simulate.outcomes.definitions import BROKEN_SHARE
from pipeline.simulate.randomness import Draws

SOURCE = "product-events"
REDELIVERED_AT = 0.6  # of the period
_FIELDS = (
    "event_id", "event_name", "occurred_at", "observed_at", "task_id", "run_id", "tenant_id",
    "feature", "value", "label", "is_revoked", "revokes_event_id", "supersedes_event_id",
)  # fmt: skip
_CHECK_FIELDS = (
    "event_name", "occurred_at", "observed_at", "task_id", "tenant_id", "feature", "value",
)  # fmt: skip
# What is done to a line, and the reason code a reader should give.
BREAKS = {
    "truncated": "malformed_json",
    "not_json": "malformed_json",
    "no_name": "missing_field",
    "no_time": "missing_field",
    "unreadable_time": "bad_timestamp",
    "year_2099": "impossible_time",
    "text_for_value": "wrong_type",
}


def write_events(draws: Draws, output: Output, events: pl.DataFrame) -> None:
    """Write every file of product events.

    Args:
        draws: the random numbers.
        output: where the files go.
        events: the events known by the end of the period.
    """
    rows = events.rename({"tenant": "tenant_id"}).with_columns(
        iso("occurred_ms").alias("occurred_at"), iso("observed_ms").alias("observed_at")
    )
    of = {name: rows.filter(pl.col("stream") == name) for name in rows["stream"].unique()}
    none = rows.clear()
    last_plain = output.window.days - PLAIN_DAYS
    for stream, is_camel in (("app", False), ("agents", True)):
        for day, own in _days(of.get(stream, none)):
            is_old = stream == "app" and day < last_plain
            name = f"{SOURCE}/{stream}-events/{output.day(day)}"
            suffix = ".ndjson.zst" if is_old else ".ndjson"
            texts, expected = _lines(draws, own, f"{stream}/{day}", is_camel)
            output.write(name + suffix, texts, expected)
            if stream == "app" and day == int(REDELIVERED_AT * output.window.days):
                output.write(f"{name}.redelivered{suffix}", texts, delivered_again(expected))
    _write_checks(output, of.get("checks", none))
    _write_scores(output, of.get("scores", none))


def _days(events: pl.DataFrame) -> list[tuple[int, pl.DataFrame]]:
    parts = events.sort("file_day", "observed_ms", "event_id", "version").partition_by(
        "file_day", maintain_order=True
    )
    return [(int(part["file_day"][0]), part) for part in parts]


def _lines(
    draws: Draws, events: pl.DataFrame, stream: str, is_camel: bool
) -> tuple[bytes, Counter[str]]:
    """One file's lines: what counts, then the repeated and the broken ones."""
    fields = {name: _camel(name) if is_camel else name for name in _FIELDS}
    told = pl.when("is_revoked").then(True)
    frame = events.with_columns(is_revoked=told).select(
        pl.col(name).alias(shown) for name, shown in fields.items()
    )
    lines = without_nulls(frame.select(line=pl.struct(pl.all()).struct.json_encode())["line"])
    texts = lines.to_list()
    repeated = [text for text, again in zip(texts, events["is_repeated"], strict=True) if again]
    broken, reasons = _broken_lines(draws, events.filter(~pl.col("is_revoked")), stream, is_camel)
    superseding = int((events["version"] > 0).sum())
    expected = Counter(
        landed=events.height - superseding, superseding=superseding, duplicate=len(repeated)
    )
    expected.update(f"quarantined:{reason}" for reason in reasons)
    return "".join(f"{text}\n" for text in [*texts, *repeated, *broken]).encode(), expected


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def _broken_lines(
    draws: Draws, events: pl.DataFrame, stream: str, is_camel: bool
) -> tuple[list[str], list[str]]:
    """Extra lines that must be refused, and why; no true event is lost."""
    name = f"outcome/broken/{stream}"
    picked = events.filter(draws.uniform(name, events.height) < BROKEN_SHARE)
    kinds = draws.choice(f"{name}/kind", picked.height, [1.0] * len(BREAKS)).to_list()
    texts, reasons = [], []
    for number, row in enumerate(picked.iter_rows(named=True)):
        kind = list(BREAKS)[kinds[number]]
        texts.append(_broken(row, kind, f"pev_broken_{stream}_{number}", is_camel))
        reasons.append(BREAKS[kind])
    return texts, reasons


def _broken(row: dict[str, Any], kind: str, event_id: str, is_camel: bool) -> str:
    record: dict[str, Any] = {name: row[name] for name in _FIELDS[:8]} | {"event_id": event_id}
    missing = {"no_name": "event_name", "no_time": "occurred_at"}
    record.pop(missing.get(kind, ""), None)
    changed = {
        "unreadable_time": {"occurred_at": "just now"},
        "year_2099": {"occurred_at": "2099-01-01T00:00:00.000Z"},
        "text_for_value": {"value": "many"},
    }
    record |= changed.get(kind, {})
    said = {_camel(k) if is_camel else k: v for k, v in record.items() if v is not None}
    whole = orjson.dumps(said).decode()
    if kind == "truncated":
        return whole[: len(whole) * 3 // 5]
    return "ERROR event shipper restarted" if kind == "not_json" else whole


def _write_checks(output: Output, events: pl.DataFrame) -> None:
    """The accountants' list of checked extractions: a CSV that tells no event ids."""
    if events.is_empty():
        return
    repeated = events.filter("is_repeated")
    table = pl.concat([events, repeated]).select(_CHECK_FIELDS)
    expected = Counter(landed=events.height, duplicate=repeated.height)
    output.write(f"{SOURCE}/exports/invoice_checks.csv", table.write_csv().encode(), expected)


def _write_scores(output: Output, events: pl.DataFrame) -> None:
    """Scores as Langfuse exports them: they know a trace, and nothing of our tasks."""
    if events.is_empty():
        return
    texts = [_score(row) for row in events.iter_rows(named=True)]
    texts += [_score(row) for row in events.filter("is_repeated").iter_rows(named=True)]
    expected = Counter(landed=events.height, duplicate=len(texts) - events.height)
    data = "".join(f"{text}\n" for text in texts).encode()
    output.write(f"{SOURCE}/scores/langfuse_scores.jsonl", data, expected)


def _score(row: dict[str, Any]) -> str:
    return orjson.dumps(
        {
            "id": row["event_id"],
            "projectId": "brightdesk",
            "traceId": row["trace_id"],
            "observationId": None,
            "name": row["event_name"],
            "value": int(row["value"]),
            "stringValue": "True" if row["value"] else "False",
            "dataType": "BOOLEAN",
            "source": "API",
            "timestamp": row["occurred_at"],
            "createdAt": row["observed_at"],
            "updatedAt": row["observed_at"],
            "environment": "production",
        }
    ).decode()
