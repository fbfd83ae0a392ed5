"""Call logs through the usage normaliser, in memory, without landing anything."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from ingest.fields import FIELDS
from ingest.sources import Adapter, Rejected, Skipped
from ingest.usage import components_sql, usage_sql

NAMES = [field.name for field in FIELDS]
SHARED = Path(__file__).resolve().parents[2].parent / "shared"
CLASSES = {
    "uncached": "normalised_uncached_input_tokens",
    "read": "normalised_cache_read_tokens",
    "write_5m": "normalised_cache_write_5m_tokens",
    "write_1h": "normalised_cache_write_1h_tokens",
    "output": "normalised_output_tokens",
    "reasoning": "normalised_reasoning_tokens",
    "audio_in": "normalised_input_audio_tokens",
    "audio_read": "normalised_cache_read_audio_tokens",
    "audio_out": "normalised_output_audio_tokens",
    "searches": "normalised_web_search_requests",
    "code": "normalised_code_execution_sessions",
    "images": "normalised_image_count",
    "units": "normalised_search_units",
    "seconds": "normalised_audio_seconds",
    "paid": "normalised_provider_cost_usd",
    "tier": "billed_service_tier",
    "speed": "billed_speed",
    "geo": "billed_geo",
    "status": "normalised_usage_status",
    "problem": "usage_problem",
    "field": "usage_problem_field",
    "dialect": "dialect",
}


def shared(*parts: str) -> Path:
    """A file of the shared material; skips the test where that folder is absent."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"shared/{'/'.join(parts)} absent")
    return path


def fixture(*parts: str) -> dict[str, Any]:
    """A recorded payload of the shared material."""
    document: dict[str, Any] = json.loads(shared("fixtures", *parts).read_text())
    return document


def normalise(*logs: Mapping[str, Any], sql: str | None = None) -> list[dict[str, Any]]:
    """What the normaliser says of each log, by the short names of ``CLASSES``; NULLs left out."""
    return _run(logs, [sql or usage_sql("texts")])


def normalise_components(*logs: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The extra billed runs inside the logs, normalised, with their model."""
    return _run(logs, [f"create temp table runs as {components_sql('texts')}", usage_sql("runs")])


def answers(adapter: Adapter, *records: Mapping[str, Any]) -> list[Any]:
    """Everything an adapter says of the records."""
    return [answer for record in records for answer in adapter(record)]


def logs_of(adapter: Adapter, *records: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The call logs of records that are all calls."""
    found = answers(adapter, *records)
    assert not [a for a in found if isinstance(a, (Rejected, Skipped))], found
    return found


def _run(logs: Iterable[Mapping[str, Any]], statements: list[str]) -> list[dict[str, Any]]:
    with duckdb.connect() as con:
        con.execute("set threads = 1")
        con.register("texts", _texts(list(logs)))
        for statement in statements[:-1]:
            con.execute(statement)
        result = con.execute(statements[-1])
        columns = [column[0] for column in result.description]
        return [_shortened(columns, row) for row in result.fetchall()]


def _texts(logs: list[Mapping[str, Any]]) -> pa.Table:
    columns = {
        name: pa.array([_text(log.get(name)) for log in logs], pa.string()) for name in NAMES
    }
    return pa.table(columns)


def _text(value: Any) -> str | None:
    """A value as json_extract_string gives it."""
    return value if value is None or isinstance(value, str) else json.dumps(value, default=str)


def _shortened(columns: list[str], row: tuple[Any, ...]) -> dict[str, Any]:
    full = dict(zip(columns, row, strict=True))
    short = {ours: full[theirs] for ours, theirs in CLASSES.items() if full[theirs] is not None}
    if "component_index" in full:
        short |= {"model": full["model"], "index": full["component_index"]}
    return short


def records(*parts: str) -> Iterator[dict[str, Any]]:
    """Records of a shared JSON-lines file."""
    with shared(*parts).open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
