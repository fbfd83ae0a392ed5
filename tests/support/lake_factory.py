"""Hand-made lakes: raw Delta tables written without the code under test.

A test says only the fields it is about; everything else gets a plain default, so the row
reads as the claim it makes. `write_calls` appends; `supersede` marks older versions.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

UTC_MICROSECONDS = pa.timestamp("us", tz="UTC")
MONEY = pa.decimal128(38, 12)


def _names(text: str) -> list[str]:
    return text.split()


_STRINGS_BEFORE_FLAGS = [
    "source",
    "provider",
    "model",
    "requested_model",
    "request_id",
    "operation_id",
]
_CONTEXT_STRINGS = [
    "trace_id",
    "run_id",
    "workflow_id",
    "agent_id",
    "session_id",
    "task_id",
    "tenant_id",
    "user_id_hash",
    "feature",
    "endpoint",
    "environment",
    "team",
    "workload_class",
    "prompt_version",
    "route_policy_version",
    "deploy_version",
    "operation",
    "service_tier",
    "region",
    "inference_geo",
    "speed",
    "api_key_id",
    "project_id",
]
_FLAGS = ["is_batch", "is_streamed", "is_fallback", "is_cache_hit"]
_COUNTS = [
    "uncached_input_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "reasoning_tokens",
    "input_audio_tokens",
    "cache_read_audio_tokens",
    "output_audio_tokens",
    "web_search_requests",
    "code_execution_sessions",
    "image_count",
    "search_units",
]

CALLS_SCHEMA = pa.schema(
    [
        ("event_date", pa.date32()),
        ("event_id", pa.string()),
        ("component_index", pa.int32()),
        *[(name, pa.string()) for name in _STRINGS_BEFORE_FLAGS],
        ("attempt", pa.int32()),
        *[(name, pa.string()) for name in _CONTEXT_STRINGS],
        *[(name, pa.bool_()) for name in _FLAGS],
        ("outcome", pa.string()),
        ("http_status", pa.int32()),
        ("latency_ms", pa.int64()),
        ("time_to_first_token_ms", pa.int64()),
        *[(name, pa.int64()) for name in _COUNTS],
        ("audio_seconds", pa.decimal128(18, 6)),
        ("usage_status", pa.string()),
        ("usage_dialect", pa.string()),
        ("source_cost_usd", MONEY),
        ("provider_cost_usd", MONEY),
        ("tags", pa.string()),
        ("is_streamed_final", pa.bool_()),
        ("is_current", pa.bool_()),
        ("started_at", UTC_MICROSECONDS),
        ("started_at_source", pa.string()),
        ("observed_at", UTC_MICROSECONDS),
        ("source_file", pa.string()),
        ("source_line", pa.int64()),
        ("landing_id", pa.string()),
        ("landed_at", UTC_MICROSECONDS),
    ],
)

LANDINGS_SCHEMA = pa.schema(
    [
        ("landing_id", pa.string()),
        ("landing_seq", pa.int64()),
        ("source", pa.string()),
        ("source_file", pa.string()),
        ("file_sha256", pa.string()),
        *[
            (name, pa.int64())
            for name in [
                "file_bytes",
                "rows_read",
                "rows_landed",
                "rows_duplicate",
                "rows_quarantined",
                "rows_superseding",
                "rows_component",
            ]
        ],
        ("touched_dates", pa.string()),
        ("first_event_at", UTC_MICROSECONDS),
        ("last_event_at", UTC_MICROSECONDS),
        ("landed_at", UTC_MICROSECONDS),
        ("code_version", pa.string()),
    ],
)

Row = Mapping[str, Any]


def at(text: str) -> dt.datetime:
    """Reads `2026-10-01 09:30` as UTC."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def call(event_id: str, started_at: str, **fields: Any) -> dict[str, Any]:
    """One raw row: a successful gpt-4o-mini call unless `fields` say otherwise."""
    started = at(started_at)
    row: dict[str, Any] = dict.fromkeys(CALLS_SCHEMA.names)
    row |= {
        "event_date": started.date(),
        "event_id": event_id,
        "component_index": 0,
        "source": "calls",
        "provider": "openai",
        "model": "gpt-4o-mini",
        "requested_model": "gpt-4o-mini",
        "operation": "chat",
        "is_batch": False,
        "is_streamed": False,
        "is_fallback": False,
        "is_cache_hit": False,
        "outcome": "success",
        "uncached_input_tokens": 1000,
        "cache_read_tokens": 0,
        "cache_write_5m_tokens": 0,
        "cache_write_1h_tokens": 0,
        "output_tokens": 100,
        "usage_status": "reported",
        "usage_dialect": "flat",
        "is_current": True,
        "started_at": started,
        "observed_at": started,
        "source_file": "hand-made",
        "source_line": 1,
        "landed_at": started,
    }
    unknown = fields.keys() - row.keys()
    if unknown:
        raise KeyError(f"not columns of the raw table: {sorted(unknown)}")
    for money in ("source_cost_usd", "provider_cost_usd", "audio_seconds"):
        if fields.get(money) is not None:
            fields[money] = Decimal(str(fields[money]))
    return row | fields


class Lake:
    """A data folder with the two raw tables of the contract."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.calls = data / "raw" / "calls"
        self.landings = data / "raw" / "landings"
        self._sequence = self._landing_count()

    def _landing_count(self) -> int:
        if not self.landings.exists():
            return 0
        return int(DeltaTable(str(self.landings)).to_pyarrow_table().num_rows)

    def land(self, rows: Iterable[Row], *, touched: Iterable[dt.date] = ()) -> str:
        """Appends rows as one landed file; older versions of the same call are superseded."""
        batch = list(rows)
        self._sequence += 1
        landing_id = f"landing-{self._sequence:04d}"
        dates = {row["event_date"] for row in batch} | set(touched)
        dates |= self._supersede({row["event_id"] for row in batch})
        stamped = [dict(row) | {"landing_id": landing_id} for row in batch]
        if stamped:
            self._append(self.calls, pa.Table.from_pylist(stamped, schema=CALLS_SCHEMA))
        starts = [row["started_at"] for row in batch]
        self.record_landing(landing_id, dates, len(batch), instants=starts)
        return landing_id

    def record_landing(
        self,
        landing_id: str,
        dates: set[dt.date],
        row_count: int,
        *,
        source: str = "calls",
        superseding: int = 0,
        instants: Sequence[dt.datetime] = (),
    ) -> None:
        """Writes the audit row that tells the build which dates to restate."""
        now = dt.datetime.now(dt.UTC)
        row = dict.fromkeys(LANDINGS_SCHEMA.names) | {
            "landing_id": landing_id,
            "landing_seq": self._sequence,
            "source": source,
            "source_file": f"{landing_id}.jsonl",
            "file_sha256": landing_id,
            "file_bytes": 1,
            "rows_read": row_count,
            "rows_landed": row_count,
            "rows_duplicate": 0,
            "rows_quarantined": 0,
            "rows_superseding": superseding,
            "rows_component": 0,
            "touched_dates": ",".join(sorted(date.isoformat() for date in dates)),
            "first_event_at": min(instants, default=None),
            "last_event_at": max(instants, default=None),
            "landed_at": now,
            "code_version": "test",
        }
        self._append(self.landings, pa.Table.from_pylist([row], schema=LANDINGS_SCHEMA))

    def _append(self, path: Path, table: pa.Table) -> None:
        partitions = ["event_date"] if path == self.calls else None
        write_deltalake(str(path), table, mode="append", partition_by=partitions)

    def _supersede(self, event_ids: set[str]) -> set[dt.date]:
        """Marks landed rows of these events as not current and returns their dates."""
        if not self.calls.exists():
            return set()
        raw = DeltaTable(str(self.calls))
        names = ", ".join(f"'{event_id}'" for event_id in sorted(event_ids))
        if not names:
            return set()
        condition = f"event_id in ({names}) and is_current"
        old = raw.to_pyarrow_table(columns=["event_date", "event_id", "is_current"])
        dates = {
            row["event_date"]
            for row in old.to_pylist()
            if row["event_id"] in event_ids and row["is_current"]
        }
        if dates:
            raw.update(updates={"is_current": "false"}, predicate=condition)
        return dates
