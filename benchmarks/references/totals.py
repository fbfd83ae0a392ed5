"""Totals of a rolled-up table: what two programs must agree on to the last digit."""

from __future__ import annotations

from pathlib import Path

import duckdb

MARTS = ("fct_costs_hourly", "fct_tenant_costs_daily", "fct_model_costs_daily")
_MEASURES = (
    "call_count",
    "uncached_input_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "output_tokens",
    "billed_cost_usd",
)


def totals_of(database: Path, table: str) -> list[str]:
    """Calls, tokens and dollars of a table, as text so that no digit is lost."""
    sums = ", ".join(f"cast(sum({name}) as varchar)" for name in _MEASURES)
    with duckdb.connect(str(database), read_only=True) as connection:
        [row] = connection.execute(f"select {sums} from {table}").fetchall()
    return list(row)
