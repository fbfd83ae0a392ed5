"""DuckDB's bare landing: read the fields typed, skip what does not parse, write one file."""

from __future__ import annotations

from pathlib import Path

import duckdb

_TEXTS = (
    "event_id", "request_id", "operation_id", "trace_id", "session_id", "tenant_id", "user_id",
    "feature", "workload_class", "prompt_version", "provider", "model", "outcome",
)  # fmt: skip
_COUNTS = (
    "attempt", "http_status", "latency_ms", "time_to_first_token_ms", "input_tokens",
    "cached_input_tokens", "output_tokens", "reasoning_tokens",
)  # fmt: skip
COLUMNS = {
    "timestamp": "timestamptz",
    **dict.fromkeys(_TEXTS, "varchar"),
    **dict.fromkeys(_COUNTS, "bigint"),
    "is_streamed": "boolean",
    "cost_usd": "decimal(38, 12)",
    "usage": "json",
}


def copy_typed(log: Path, out: Path) -> None:
    """Copies a call log to one Parquet file.

    Args:
        log: newline-delimited JSON.
        out: the file to make.
    """
    with duckdb.connect() as connection:
        connection.execute("set threads = 2")
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(
            f"copy (select * from read_json('{log}', format = 'newline_delimited',"
            f" columns = {COLUMNS}, ignore_errors = true))"
            f" to '{out}' (format parquet, compression zstd)"
        )
