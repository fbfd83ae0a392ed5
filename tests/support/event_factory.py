"""Hand-made product events: the raw Delta table written without the code under test.

A test says only the fields it is about. Landing an event whose id is known makes the older
version not current, as `python -m ingest product-events` does.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from tests.support.lake_factory import UTC_MICROSECONDS, Lake, Row, at

TEXT = pa.string()

EVENTS_SCHEMA = pa.schema(
    [
        ("event_date", pa.date32()),
        *[(name, TEXT) for name in ["event_id", "source", "dialect", "event_name"]],
        ("occurred_at", UTC_MICROSECONDS),
        *[
            (name, TEXT)
            for name in [
                "task_id",
                "operation_id",
                "request_id",
                "run_id",
                "trace_id",
                "session_id",
                "tenant_id",
                "feature",
                "workflow_id",
                "user_id_hash",
            ]
        ],
        ("value", pa.decimal128(38, 12)),
        *[(name, TEXT) for name in ["label", "revokes_event_id", "supersedes_event_id"]],
        ("is_revoked", pa.bool_()),
        ("tags", TEXT),
        ("is_current", pa.bool_()),
        ("observed_at", UTC_MICROSECONDS),
        ("source_file", TEXT),
        ("source_line", pa.int64()),
        ("landing_id", TEXT),
        ("landed_at", UTC_MICROSECONDS),
    ]
)


def event(event_id: str, occurred_at: str, **fields: Any) -> dict[str, Any]:
    """One raw row: `task_succeeded`, known when it occurred, unless `fields` say otherwise."""
    occurred = at(occurred_at)
    row: dict[str, Any] = dict.fromkeys(EVENTS_SCHEMA.names)
    row |= {
        "event_date": occurred.date(),
        "event_id": event_id,
        "source": "product-events",
        "dialect": "own",
        "event_name": "task_succeeded",
        "occurred_at": occurred,
        "is_revoked": False,
        "is_current": True,
        "observed_at": occurred,
        "source_file": "hand-made",
        "source_line": 1,
        "landed_at": occurred,
    }
    unknown = fields.keys() - row.keys()
    if unknown:
        raise KeyError(f"not columns of the raw table: {sorted(unknown)}")
    if fields.get("value") is not None:
        fields["value"] = Decimal(str(fields["value"]))
    return row | fields


class Events:
    """The product events of a data folder; `Lake` holds its calls."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.table = data / "raw" / "product_events"

    def land(self, rows: Iterable[Row]) -> str:
        """Appends rows as one landed file, and its audit row."""
        batch = list(rows)
        lake = Lake(self.data)
        lake._sequence += 1
        landing_id = f"landing-{lake._sequence:04d}"
        older = self._supersede({row["event_id"] for row in batch})
        stamped = [dict(row) | {"landing_id": landing_id} for row in batch]
        table = pa.Table.from_pylist(stamped, schema=EVENTS_SCHEMA)
        write_deltalake(str(self.table), table, mode="append", partition_by=["event_date"])
        lake.record_landing(
            landing_id,
            {row["event_date"] for row in batch} | older,
            len(batch),
            source="product-events",
            superseding=len(older),
            instants=[row["occurred_at"] for row in batch],
        )
        return landing_id

    def _supersede(self, event_ids: set[str]) -> set[dt.date]:
        """Marks landed rows of these events as not current and returns their dates."""
        if not self.table.exists():
            return set()
        raw = DeltaTable(str(self.table))
        old = raw.to_pyarrow_table(columns=["event_date", "event_id", "is_current"])
        dates = {
            row["event_date"]
            for row in old.to_pylist()
            if row["event_id"] in event_ids and row["is_current"]
        }
        if dates:
            names = ", ".join(f"'{event_id}'" for event_id in sorted(event_ids))
            raw.update(
                updates={"is_current": "false"},
                predicate=f"event_id in ({names}) and is_current",
            )
        return dates
