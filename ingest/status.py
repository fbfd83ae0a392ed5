"""What has landed: per source, and what waits in quarantine."""

from __future__ import annotations

from typing import Any

from ingest.lake import Lake
from ingest.schemas import RAW_TABLES, Table
from ingest.settings import Settings
from ingest.store import reaching


def lake_status(settings: Settings) -> dict[str, Any]:
    """Totals per source and for the lake, as plain values for a table or for JSON."""
    with reaching(settings.raw):
        return _report(Lake(settings.raw))


def _report(lake: Lake) -> dict[str, Any]:
    sources: dict[str, dict[str, Any]] = {}
    for row in lake.landings():
        total = sources.setdefault(
            row["source"],
            dict.fromkeys(("files", "rows_read", "rows_landed", "rows_duplicate"), 0)
            | {"rows_quarantined": 0, "first_event_at": None, "last_event_at": None},
        )
        total["files"] += 1
        for name in ("rows_read", "rows_landed", "rows_duplicate", "rows_quarantined"):
            total[name] += row[name]
        if row["first_event_at"]:
            first, last = total["first_event_at"], total["last_event_at"]
            total["first_event_at"] = min(filter(None, (first, row["first_event_at"])))
            total["last_event_at"] = max(filter(None, (last, row["last_event_at"])))
    tables = {table.name: _totals(lake, table) for table in RAW_TABLES if lake.exists(table)}
    return {
        "sources": dict(sorted(sources.items())),
        "lake": {
            name: sum(totals[name] for totals in tables.values())
            for name in ("days", "data_files", "rows", "bytes", "landing_seq")
        },
        "tables": tables,
    }


def _totals(lake: Lake, table: Table) -> dict[str, int]:
    snapshot = lake.open(table)
    files = lake.files(snapshot)
    data_files = [file for day in files.values() for file in day]
    return {
        "days": len(files),
        "data_files": len(data_files),
        "rows": sum(file.rows for file in data_files),
        "bytes": sum(file.size for file in data_files),
        "landing_seq": lake.sequence(snapshot),
    }
