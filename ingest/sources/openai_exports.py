"""OpenAI's usage and costs: Admin API pages, dashboard CSVs, the legacy activity export.

Data flow: exports -> ``read_usage``, ``read_costs`` -> data/raw/provider_lines.
Alone: ``python -m ingest openai-usage pages/``, ``python -m ingest openai-costs costs.csv``.

Buckets are unix seconds, end exclusive, UTC days. ``input_tokens`` includes cached and cache-write
tokens; the text, audio and image fields split the UNCACHED input, ``input_cached_*`` the cached.
Older pages have no ``input_uncached_tokens``: it is input - cached, and their audio may hold cached
audio. Costs are US dollars as charged, quantities in the unit beside them; no model, only the line
item. User ids and e-mails are read over.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from ingest.errors import InputError
from ingest.exports import values
from ingest.exports.pages import read_documents, unknown_shape
from ingest.exports.records import EmptyBucket, InputFile, Line, Note, Record, Refused
from ingest.exports.rows import Row, mapped, raw_text, read_table
from ingest.exports.values import BadField, count, required_count, text
from ingest.sources.openai_meters import SIMPLE, Meters, completion_meters, request_meters

ISSUER = "openai"
# the result's ``object`` says file_searches and web_searches where the endpoint says …_calls
_DATASETS = {
    "completions": "completions",
    "embeddings": "embeddings",
    "moderations": "moderations",
    "images": "images",
    "audio_speeches": "audio_speeches",
    "audio_transcriptions": "audio_transcriptions",
    "vector_stores": "vector_stores",
    "code_interpreter_sessions": "code_interpreter_sessions",
    "file_searches": "file_search_calls",
    "file_search_calls": "file_search_calls",
    "web_searches": "web_search_calls",
    "web_search_calls": "web_search_calls",
}
_LEGACY = {"completions": "completions", "completion": "completions", "embeddings": "embeddings",
           "chat.completions": "completions", "embedding": "embeddings"}  # fmt: skip
_LABELS = ("size", "source", "context_level", "vector_store_id", "api_source")
_KNOWN_WORDS = (
    "object amount line_item project_id api_key_id quantity quantity_unit start_time end_time"
    " start_time_iso end_time_iso amount_value amount_currency organization_id project_name"
    " organization_name user_id user_email user_name email api_source input_tokens"
    " input_cached_tokens input_cache_write_tokens input_uncached_tokens output_tokens"
    " input_text_tokens output_text_tokens input_cached_text_tokens input_audio_tokens"
    " input_cached_audio_tokens output_audio_tokens input_image_tokens input_cached_image_tokens"
    " output_image_tokens num_model_requests model batch service_tier images size source"
    " characters seconds usage_bytes num_sessions num_requests vector_store_id context_level"
    " api_key_name api_key_redacted n_requests operation n_context_tokens_total usage_type"
    " n_generated_tokens_total n_cached_context_tokens_total timestamp user"
)
_KNOWN = frozenset(_KNOWN_WORDS.split())


def read_usage(file: InputFile) -> Iterator[Record]:
    """Records of a usage export."""
    if file.format != "lines":
        yield from _usage_table(file)
        return
    yield from _pages(file, _usage_result, "openai-costs")


def read_costs(file: InputFile) -> Iterator[Record]:
    """Records of a cost export."""
    if file.format != "lines":
        yield from _cost_table(file)
        return
    yield from _pages(file, _cost_result, "openai-usage")


_OfResult = Callable[[Row, Mapping[str, Any], str], list[Line]]


def _pages(file: InputFile, of_result: _OfResult, other: str) -> Iterator[Record]:
    """Pages, buckets or single results; each result is a source row."""
    number = 0
    noted: set[str] = set()
    for line, document in read_documents(file):
        if isinstance(document, Refused):
            number += 1
            yield replace(document, row_number=number)
            continue
        for bucket in _buckets(file, document):
            results = bucket.get("results")
            if not isinstance(results, list):
                number += 1
                row = Row(number, line, bucket)
                yield _refusal(row, BadField("wrong_type", "results", results))
                continue
            if not results:
                yield from _stated_empty(file, bucket, other)
            for result in results:
                number += 1
                row = Row(number, line, result if isinstance(result, Mapping) else {})
                try:
                    if not isinstance(result, Mapping):
                        raise BadField("wrong_type", "results", result)
                    dataset = _dataset(file, result, of_result is _cost_result, other)
                    noted |= {str(key) for key in result if str(key) not in _KNOWN}
                    yield from of_result(row, {**_times(bucket), **result}, dataset)
                except BadField as error:
                    yield _refusal(row, error)
    yield from _unknown_fields(noted)


def _unknown_fields(names: set[str]) -> Iterator[Note]:
    if names:
        yield Note(f"fields this version does not know were left out: {', '.join(sorted(names))}")


def _refusal(row: Row, error: BadField) -> Refused:
    return Refused(
        source_line=row.line,
        row_number=row.number,
        reason=error.reason,
        field=error.field,
        value=error.value,
        raw_text=raw_text(row.cells),
    )


def _buckets(file: InputFile, document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The buckets of a page; a bucket by itself; a single result as a bucket of one."""
    data = document.get("data")
    if isinstance(data, list) and all(isinstance(item, Mapping) for item in data):
        strangers = [item for item in data if "results" not in item and "result" not in item]
        if strangers:
            raise unknown_shape(file, strangers[0], "Give pages of the Admin API as they come")
        return data
    if "results" in document:
        return [document]
    if str(document.get("object", "")).startswith("organization."):
        return [{**document, "results": [document]}]
    raise unknown_shape(file, document, "Give pages of the Admin API as they come")


def _times(bucket: Mapping[str, Any]) -> dict[str, Any]:
    return {key: bucket[key] for key in ("start_time", "end_time") if key in bucket}


def _stated_empty(file: InputFile, bucket: Mapping[str, Any], other: str) -> Iterator[EmptyBucket]:
    dataset = "costs" if other == "openai-usage" else _dataset_of_name(file)
    start = values.parsed_instant(bucket.get("start_time"))
    if dataset and start:
        yield EmptyBucket(dataset=dataset, issuer=ISSUER, period_start_at=start)


def _dataset(file: InputFile, result: Mapping[str, Any], is_cost: bool, other: str) -> str:
    """The endpoint a result comes from, from its ``object``; from its fields without one."""
    kind = str(result.get("object") or "")
    if kind.startswith("organization.costs") or (not kind and "amount" in result):
        found = "costs"
    elif kind.startswith("organization.usage."):
        name = kind.removeprefix("organization.usage.").removesuffix(".result")
        found = _DATASETS.get(name, name)
    else:
        found = _dataset_of_name(file) or _dataset_of_fields(set(result)) or ""
    if (found == "costs") != is_cost or not found:
        raise InputError(
            str(file.path),
            f"its results are {kind or 'of an unknown kind'}",
            f"Land them with python -m ingest {other}, or give pages of the Admin API",
        )
    return found


def _dataset_of_name(file: InputFile) -> str | None:
    """The endpoint that the file's name or folder tells."""
    names = [part.lower().replace("-", "_") for part in file.path.parts[-2:]]
    for name in reversed(names):
        for endpoint, dataset in _DATASETS.items():
            if endpoint in name:
                return dataset
    return None


def _dataset_of_fields(fields: set[str]) -> str | None:
    if "output_tokens" in fields and "input_tokens" in fields:
        return "completions"
    telling = {field: name for name, (field, _, _) in SIMPLE.items()}
    for field in ("images", "characters", "seconds", "usage_bytes", "num_sessions"):
        if field in fields:
            return telling[field]
    return "embeddings" if "input_tokens" in fields else None


def _line(row: Row, cells: Mapping[str, Any], dataset: str, kind: str) -> dict[str, Any]:
    """What every line of a result says."""
    start, end = values.period(cells, "start_time", "end_time")
    if row.cells is not None and "start_time_iso" in cells:
        stated = values.parsed_instant(cells["start_time_iso"])
        if stated is not None and stated != start:
            raise BadField("contradicts_total", "start_time_iso", cells["start_time_iso"])
    return {
        "source_line": row.line,
        "row_number": row.number,
        "dataset": dataset,
        "line_kind": kind,
        "issuer": ISSUER,
        "period_start_at": start,
        "period_end_at": end,
        "billing_account_id": text(cells, "organization_id"),
        "billing_account_name": text(cells, "organization_name"),
        "project_id": text(cells, "project_id"),
        "project_name": text(cells, "project_name"),
        "api_key_id": text(cells, "api_key_id"),
        "api_key_name": text(cells, "api_key_name"),
        "tags": {name: value for name in _LABELS if (value := text(cells, name))} or None,
    }


def _cost_result(row: Row, cells: Mapping[str, Any], dataset: str) -> list[Line]:
    charged = cells.get("amount")
    if not isinstance(charged, Mapping):
        raise BadField("wrong_type" if charged is not None else "missing_field", "amount", charged)
    flat = {**cells, "amount_value": charged.get("value"), "amount_currency": charged.get(
        "currency")}  # fmt: skip
    return [_cost_line(row, flat, dataset)]


def _cost_line(row: Row, cells: Mapping[str, Any], dataset: str) -> Line:
    return Line(
        **_line(row, cells, dataset, "cost"),
        family="costs",
        line_item=text(cells, "line_item"),
        quantity=values.amount(cells, "quantity", "wrong_type"),
        unit=text(cells, "quantity_unit"),
        amount=values.required_amount(cells, "amount_value"),
        currency=values.currency(cells, "amount_currency"),
    )


def _cost_table(file: InputFile) -> Iterator[Record]:
    """The dashboard's cost CSV: columns are absent when not grouped, empty days have no amount."""
    header, rows = read_table(file)
    if "start_time" not in header:
        raise unknown_shape(file, dict.fromkeys(header), "Export costs from the usage dashboard")
    if "amount_value" not in header and set(header) - _ONLY_TIMES:
        raise InputError(
            str(file.path), "it has no column amount_value", "Land usage with openai-usage"
        )

    def of_row(row: Row, cells: Mapping[str, Any]) -> list[Line]:
        if values.is_missing(cells.get("amount_value")):
            if any(text(cells, name) for name in ("line_item", "quantity", "project_id")):
                raise BadField("missing_field", "amount_value")
            values.period(cells, "start_time", "end_time")
            return []
        return [_cost_line(row, cells, "dashboard_costs")]

    yield from mapped(rows, of_row)
    yield from _unknown_fields(set(header) - _KNOWN)


_ONLY_TIMES = {"start_time", "end_time", "start_time_iso", "end_time_iso"}


def _usage_result(row: Row, cells: Mapping[str, Any], dataset: str) -> list[Line]:
    if dataset == "completions":
        meters = completion_meters(cells)
    elif dataset in SIMPLE:
        field, meter, unit = SIMPLE[dataset]
        meters = [(meter, field, required_count(cells, field), unit)]
    else:
        raise BadField("unknown_dataset", "object", dataset)
    meters += request_meters(cells, dataset)
    return _usage_lines(row, cells, dataset, meters)


def _usage_lines(
    row: Row, cells: Mapping[str, Any], dataset: str, meters: Meters, **extra: Any
) -> list[Line]:
    """One line for each meter that was used; the first where none was."""
    shared = _line(row, cells, dataset, "usage") | extra
    used = [entry for entry in meters if entry[2] or entry[0] == "requests"] or meters[:1]
    return [
        Line(
            **shared,
            model=text(cells, "model"),
            token_type=field,
            service_tier=text(cells, "service_tier"),
            is_batch=values.flag(cells, "batch"),
            meter=meter,
            quantity=quantity,
            unit=unit,
        )
        for meter, field, quantity, unit in used
    ]


def _usage_table(file: InputFile) -> Iterator[Record]:
    """The dashboard's usage CSVs and the legacy activity export."""
    header, rows = read_table(file)
    fields = set(header)
    yield from _unknown_fields(fields - _KNOWN)
    if {"n_context_tokens_total", "timestamp"} <= fields:
        yield from mapped(rows, _legacy_row)
        return
    if "amount_value" in fields:
        raise InputError(str(file.path), "it states amounts", "Land it with openai-costs")
    if "start_time" not in fields:
        raise unknown_shape(file, dict.fromkeys(header), "Export usage from the dashboard")
    dataset = _dataset_of_name(file) or _dataset_of_fields(fields)
    if dataset is None and fields - _ONLY_TIMES:
        raise unknown_shape(file, dict.fromkeys(header), "Name the file as the endpoint it is of")

    def of_row(row: Row, cells: Mapping[str, Any]) -> list[Line]:
        said = {key: value for key, value in cells.items() if not values.is_missing(value)}
        if set(said) <= _ONLY_TIMES or dataset is None:
            values.period(cells, "start_time", "end_time")
            return []  # a day without usage
        return _usage_result(row, cells, dataset)

    yield from mapped(rows, of_row)


def _legacy_row(row: Row, cells: Mapping[str, Any]) -> list[Line]:
    """A row of the activity export: a day, or five minutes, of one model."""
    start = values.instant(cells, "timestamp")
    is_day = start.time() == dt.time()
    end = start + (values.DAY if is_day else dt.timedelta(minutes=5))
    operation = values.required_text(cells, "operation")
    total = required_count(cells, "n_context_tokens_total")
    cached = count(cells, "n_cached_context_tokens_total") or Decimal(0)
    if cached > total:
        raise BadField("contradicts_total", "n_cached_context_tokens_total", cached)
    output = count(cells, "n_generated_tokens_total") or Decimal(0)
    meters: Meters = [
        ("input", "n_context_tokens_total", total - cached, "tokens"),
        ("cache_read", "n_cached_context_tokens_total", cached, "tokens"),
        ("output", "n_generated_tokens_total", output, "tokens"),
        ("requests", "n_requests", required_count(cells, "n_requests"), "requests"),
    ]
    timed = {**cells, "start_time": start, "end_time": end}
    family = _LEGACY.get(operation.lower(), f"activity_{operation.lower()}")
    service = text(cells, "usage_type")
    return _usage_lines(row, timed, "legacy_activity", meters, family=family, service=service)
