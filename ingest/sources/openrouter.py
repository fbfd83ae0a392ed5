"""OpenRouter's activity: API pages, the daily CSV, the CSV of single generations.

Data flow: exports -> ``read`` -> data/raw/provider_lines.
Alone: ``python -m ingest openrouter activity.csv``.

Amounts are US dollars of credits as charged, days are UTC. ``prompt_tokens`` includes cached
tokens; only the generations' CSV says how many, so elsewhere the meter ``input`` holds them too
(``token_type`` is then ``prompt_tokens``). Reasoning is inside the completion, whatever it claims.
Inference on an own key (BYOK) is paid to its provider: it lands as a tag, never in the amount.
User names are read over.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from ingest.exports import values
from ingest.exports.pages import read_documents, unknown_shape
from ingest.exports.records import InputFile, Line, Note, Record, Refused
from ingest.exports.rows import Row, mapped, read_table
from ingest.exports.values import BadField, count, required_count, required_text, text

ISSUER = "openrouter"
_REMEDY = "Give the activity page or export of OpenRouter as it comes"
_ONE_SECOND = dt.timedelta(seconds=1)
_DAILY = {"slug": "model_permaslug", "byok_usage": "byok_usage_inference"}
_KNOWN_WORDS = (
    "date model model_permaslug endpoint_id provider_name usage byok_usage_inference requests"
    " prompt_tokens completion_tokens reasoning_tokens slug byok_usage generation_id created_at"
    " cost_total cost_web_search cost_cache cost_file_processing tokens_prompt tokens_completion"
    " tokens_reasoning tokens_cached variant cancelled streamed user finish_reason_raw"
    " finish_reason_normalized generation_time_ms time_to_first_token_ms api_key_disabled"
    " api_key_name app_name"
)
_KNOWN = frozenset(_KNOWN_WORDS.split())


def read(file: InputFile) -> Iterator[Record]:
    """Records of an activity export."""
    if file.format == "lines":
        yield from _pages(file)
        return
    header, rows = read_table(file)
    fields = set(header)
    if {"generation_id", "created_at", "cost_total"} <= fields:
        yield from mapped(rows, _generation)
    elif "date" in fields and ({"slug", "model_permaslug"} & fields) and "usage" in fields:
        yield from mapped(rows, _daily_row)
    else:
        raise unknown_shape(file, dict.fromkeys(header), _REMEDY)
    yield from _unknown_fields(fields - _KNOWN)


def _pages(file: InputFile) -> Iterator[Record]:
    number = 0
    noted: set[str] = set()
    for line, document in read_documents(file):
        if isinstance(document, Refused):
            number += 1
            yield replace(document, row_number=number)
            continue
        data = document.get("data")
        if isinstance(data, list) and all(isinstance(item, Mapping) for item in data):
            items = data
        elif "date" in document and "usage" in document:
            items = [document]
        else:
            raise unknown_shape(file, document, _REMEDY)
        rows = []
        for item in items:
            number += 1
            if "date" not in item and "model_permaslug" not in item and "model" not in item:
                raise unknown_shape(file, item, _REMEDY)
            noted |= {str(key) for key in item if str(key) not in _KNOWN}
            rows.append(Row(number, line, item))
        yield from mapped(iter(rows), _activity)
    yield from _unknown_fields(noted)


def _unknown_fields(names: set[str]) -> Iterator[Note]:
    if names:
        yield Note(f"fields this version does not know were left out: {', '.join(sorted(names))}")


def _daily_row(row: Row, cells: Mapping[str, Any]) -> list[Line]:
    named = {_DAILY.get(name, name): value for name, value in cells.items()}
    return _activity(row, named, "activity_daily")


def _activity(row: Row, cells: Mapping[str, Any], dataset: str = "activity") -> list[Line]:
    """A day of one model and endpoint: its money, its requests, its tokens."""
    start = values.instant(cells, "date")
    model = text(cells, "model_permaslug") or required_text(cells, "model")
    shared = {
        "source_line": row.line,
        "row_number": row.number,
        "dataset": dataset,
        "family": "activity",
        "issuer": ISSUER,
        "period_start_at": start,
        "period_end_at": start + values.DAY,
        "model": model,
        "line_item": model,
        "service": text(cells, "provider_name"),
        "sku_id": text(cells, "endpoint_id"),
        "api_key_name": text(cells, "api_key_name"),
        "tags": _labels(cells, ("model", "byok_usage_inference", "reasoning_tokens")),
    }
    prompt = required_count(cells, "prompt_tokens")
    completion = required_count(cells, "completion_tokens")
    return _lines(
        shared,
        values.required_amount(cells, "usage"),
        [
            ("requests", "requests", required_count(cells, "requests")),
            ("input", "prompt_tokens", prompt),
            ("output", "completion_tokens", completion),
        ],
    )


def _generation(row: Row, cells: Mapping[str, Any]) -> list[Line]:
    """One generation; what it cost in all already holds the parts beside it."""
    start = values.instant(cells, "created_at")
    model = required_text(cells, "model_permaslug")
    prompt = required_count(cells, "tokens_prompt")
    cached = count(cells, "tokens_cached") or Decimal(0)
    if cached > prompt:
        raise BadField("contradicts_total", "tokens_cached", cached)
    shared = {
        "source_line": row.line,
        "row_number": row.number,
        "dataset": "generations",
        "family": "activity",
        "issuer": ISSUER,
        "period_start_at": start,
        "period_end_at": start + _ONE_SECOND,
        "model": model,
        "line_item": model,
        "service": text(cells, "provider_name"),
        "sku_id": text(cells, "generation_id"),
        "service_tier": text(cells, "variant"),
        "api_key_name": text(cells, "api_key_name"),
        "tags": _labels(
            cells,
            (
                "app_name",
                "cancelled",
                "byok_usage_inference",
                "cost_web_search",
                "cost_cache",
                "cost_file_processing",
                "tokens_reasoning",
            ),
        ),
    }
    return _lines(
        shared,
        values.required_amount(cells, "cost_total"),
        [
            ("requests", "generation_id", Decimal(1)),
            ("input", "tokens_prompt", prompt - cached),
            ("cache_read", "tokens_cached", cached),
            ("output", "tokens_completion", required_count(cells, "tokens_completion")),
        ],
    )


def _labels(cells: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, str] | None:
    found = {name: value for name in names if (value := text(cells, name)) is not None}
    return {name: value for name, value in found.items() if value != "0"} or None


def _lines(
    shared: dict[str, Any], amount: Decimal, meters: list[tuple[str, str, Decimal]]
) -> list[Line]:
    lines = [Line(**shared, line_kind="cost", amount=amount, currency="USD")]
    lines += [
        Line(
            **shared,
            line_kind="usage",
            meter=meter,
            token_type=field,
            quantity=quantity,
            unit="requests" if meter == "requests" else "tokens",
        )
        for meter, field, quantity in meters
        if quantity or meter == "requests"
    ]
    return lines
