"""Anthropic's console CSVs, every header generation.

Amounts are US dollars, rounded to cents per row by the console. Models of the cost CSV are display
names; workspaces and keys are names, no ids (the newest cost CSV has key ids beside them).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from ingest.errors import InputError
from ingest.exports import values
from ingest.exports.pages import unknown_shape
from ingest.exports.records import InputFile, Line, Record
from ingest.exports.rows import Row, mapped, read_table
from ingest.exports.values import count, required_count, text
from ingest.sources.anthropic_lines import (
    CONSOLE_KEY,
    DEFAULT_WORKSPACE,
    ISSUER,
    KNOWN,
    Meters,
    unknown_fields,
    usage_lines,
)

_USAGE_CSV = {
    "usage_input_tokens_no_cache": "input",
    "usage_input_tokens_cache_read": "cache_read",
    "usage_input_tokens_cache_write": "cache_write_5m",
    "usage_input_tokens_cache_write_5m": "cache_write_5m",
    "usage_input_tokens_cache_write_1h": "cache_write_1h",
    "usage_output_tokens": "output",
    "web_search_count": "web_search",
}
_KNOWN_COLUMNS = KNOWN | frozenset(_USAGE_CSV)


def _console_row(row: Row, cells: Mapping[str, Any], header: set[str]) -> dict[str, Any]:
    """What every console CSV says of a row: names where the API has ids."""
    start = values.instant(cells, "usage_date_utc")
    workspace = text(cells, "workspace")
    is_default = "workspace" in header and (workspace is None or workspace.lower() == "default")
    key_name = text(cells, "api_key")
    has_key = {"api_key", "api_key_id"} & header
    key_id = text(cells, "api_key_id")
    usage_type = text(cells, "usage_type")
    return {
        "source_line": row.line,
        "row_number": row.number,
        "issuer": ISSUER,
        "period_start_at": start,
        "period_end_at": start + values.DAY,
        "project_id": DEFAULT_WORKSPACE if is_default else None,
        "project_name": workspace,
        "api_key_id": CONSOLE_KEY if has_key and not (key_id or key_name) else key_id,
        "api_key_name": key_name,
        "service_tier": usage_type,
        "context_window": text(cells, "context_window"),
        "inference_geo": text(cells, "inference_geo"),
        "speed": text(cells, "speed"),
        "is_batch": None if usage_type is None else "batch" in usage_type.lower(),
    }


def cost_table(file: InputFile) -> Iterator[Record]:
    """Console cost CSVs of every header generation; columns are found by name."""
    header, rows = read_table(file)
    fields = set(header)
    _require(file, fields, "cost_usd", "anthropic-usage")

    def of_row(row: Row, cells: Mapping[str, Any]) -> list[Line]:
        return [
            Line(
                **_console_row(row, cells, fields),
                dataset="console_costs",
                family="costs",
                line_kind="cost",
                model=text(cells, "model"),
                token_type=text(cells, "token_type"),
                service=text(cells, "cost_type"),
                amount=values.required_amount(cells, "cost_usd"),
                list_amount=values.amount(cells, "list_price_usd"),
                currency="USD",
            )
        ]

    yield from unknown_fields(fields - _KNOWN_COLUMNS)
    yield from mapped(rows, of_row)


def usage_table(file: InputFile) -> Iterator[Record]:
    """Console usage CSVs; the oldest do not split cache writes."""
    header, rows = read_table(file)
    fields = set(header)
    _require(file, fields, "usage_output_tokens", "anthropic-costs")

    def of_row(row: Row, cells: Mapping[str, Any]) -> list[Line]:
        shared = _console_row(row, cells, fields) | {"model": text(cells, "model_version")}
        required_count(cells, "usage_input_tokens_no_cache")
        required_count(cells, "usage_output_tokens")
        meters: Meters = [
            (
                meter,
                field,
                count(cells, field) or Decimal(0),
                "requests" if meter == "web_search" else "tokens",
            )
            for field, meter in _USAGE_CSV.items()
            if field in fields
        ]
        return usage_lines(shared, "console_usage", meters, family="messages")

    yield from unknown_fields(fields - _KNOWN_COLUMNS)
    yield from mapped(rows, of_row)


def _require(file: InputFile, fields: set[str], telling: str, other: str) -> None:
    if telling in fields and "usage_date_utc" in fields:
        return
    if "usage_date_utc" in fields and ({"cost_usd", "usage_output_tokens"} & fields):
        raise InputError(
            str(file.path), f"it has no column {telling}", f"Land it with python -m ingest {other}"
        )
    raise unknown_shape(file, dict.fromkeys(fields), "Give a console export as it comes")
