"""Writes series as calls whose provider says what they cost: one call a series and day.

Data flow: series -> raw/{calls,landings}
Each kind of series is a scope type of its own, because errors are pooled by scope type.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from benchmarks.forecast.series import DAYS, Series
from benchmarks.reconciliation.raw import append_rows
from ingest.schemas import CALLS, LANDINGS

FIRST_DAY = dt.date(2026, 7, 23)
SCORED_MONTH = dt.date(2026, 9, 1)
SCOPES = {
    "steady": ("tenant", "tenant_id"),
    "bursty": ("feature", "feature"),
    "served-steady": ("team", "team"),
    "served-bursty": ("workflow", "workflow_id"),
}
LANDED = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)


def land_series(data: Path, made: Mapping[str, Series]) -> None:
    """Writes the raw tables of a data folder, as one landed file."""
    rows = [
        _call(kind, name, number, cost)
        for kind, series in made.items()
        for name, costs in series.items()
        for number, cost in enumerate(costs)
    ]
    days = [(FIRST_DAY + dt.timedelta(days=number)).isoformat() for number in range(DAYS)]
    landing = {
        "landing_id": "series",
        "landing_seq": 1,
        "source": "calls",
        "source_file": "series.ndjson",
        "file_sha256": "series",
        "file_bytes": 1,
        "rows_read": len(rows),
        "rows_landed": len(rows),
        "rows_duplicate": 0,
        "rows_quarantined": 0,
        "rows_superseding": 0,
        "rows_component": 0,
        "touched_dates": ",".join(days),
        "landed_at": LANDED,
        "code_version": "benchmark",
    }
    append_rows(data, CALLS, rows)
    append_rows(data, LANDINGS, [landing])


def _call(kind: str, name: str, number: int, cost: float) -> dict[str, object]:
    day = FIRST_DAY + dt.timedelta(days=number)
    started_at = dt.datetime.combine(day, dt.time(23), dt.UTC)
    return {
        "event_id": f"{name}:{number}",
        "component_index": 0,
        "event_date": day,
        "started_at": started_at,
        "observed_at": started_at,
        "source": "calls",
        "landing_id": "series",
        "source_file": "series.ndjson",
        "source_line": number,
        "landed_at": LANDED,
        "is_current": True,
        "provider": "openai",
        "model": "made-up",
        "outcome": "success",
        "attempt": 1,
        "usage_status": "reported",
        "provider_cost_usd": Decimal(f"{cost:.9f}"),
        SCOPES[kind][1]: name,
    }
