"""Anthropic's usage and costs: Admin API and analytics report pages, console CSVs.

Data flow: exports -> ``read_usage``, ``read_costs`` -> data/raw/provider_lines.
Alone: ``python -m ingest anthropic-usage pages/``, ``python -m ingest anthropic-costs costs.csv``.

API amounts are decimal text in CENTS: the point is moved two places, exactly. Console CSVs are US
dollars, rounded to cents per row by the console; their models are display names, their workspaces
and keys names, no ids. Workspaces land as projects: NULL is the default workspace where the export
is grouped by workspace at all, else nothing is said. Usage has no request count.

``claude_code`` is an estimate per user and day, no billing; the e-mail is read over. Analytics
reports grouped by ``rbac_group_id`` overlap: their sum exceeds the total, so such buckets are
refused whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from ingest.errors import InputError
from ingest.exports import values
from ingest.exports.pages import read_documents, unknown_shape
from ingest.exports.records import EmptyBucket, InputFile, Line, Record, Refused
from ingest.exports.rows import Row, refused
from ingest.exports.values import BadField, count, required_count, text
from ingest.sources.anthropic_console import cost_table, usage_table
from ingest.sources.anthropic_lines import (
    CONSOLE_KEY,
    DEFAULT_WORKSPACE,
    ISSUER,
    KNOWN,
    Meters,
    unknown_fields,
    usage_lines,
)

_REMEDY = "Give pages of the Admin API, or a console export, as they come"
_CACHE = "cache_creation"
_ANALYTICS = {"product", "rbac_group_id", "list_amount", "claude_tag_category"}


def read_usage(file: InputFile) -> Iterator[Record]:
    """Records of a usage export."""
    if file.format != "lines":
        yield from usage_table(file)
    else:
        yield from _pages(file, is_cost=False)


def read_costs(file: InputFile) -> Iterator[Record]:
    """Records of a cost export."""
    if file.format != "lines":
        yield from cost_table(file)
    else:
        yield from _pages(file, is_cost=True)


def _pages(file: InputFile, is_cost: bool) -> Iterator[Record]:
    """Pages, buckets, results or user-days; each result is a source row."""
    named = _fields_named(file)
    number = 0
    noted: set[str] = set()
    for line, document in read_documents(file):
        if isinstance(document, Refused):
            number += 1
            yield replace(document, row_number=number)
            continue
        organisation = document.get("organization_id")
        for item in _items(file, document):
            if "model_breakdown" in item or "core_metrics" in item:
                if is_cost:
                    raise InputError(
                        str(file.path),
                        "it is the Claude Code report: an estimate, no cost",
                        "Land it with python -m ingest anthropic-usage",
                    )
                number += 1
                yield from _user_day(Row(number, line, item), item)
                continue
            results = item.get("results")
            if not isinstance(results, list):
                number += 1
                error = BadField("wrong_type", "results", results)
                yield refused(Row(number, line, item), error)
                continue
            if not results:
                yield from _stated_empty(file, item, is_cost)
            overlap = any(isinstance(r, Mapping) and r.get("rbac_group_id") for r in results)
            for result in results:
                number += 1
                row = Row(number, line, result if isinstance(result, Mapping) else {})
                try:
                    if not isinstance(result, Mapping):
                        raise BadField("wrong_type", "results", result)
                    if overlap:
                        group = result.get("rbac_group_id")
                        raise BadField("overlapping_groups", "rbac_group_id", group)
                    _check_kind(file, result, is_cost)
                    noted |= {str(key) for key in result if str(key) not in KNOWN}
                    cells = {"organization_id": organisation, **_times(item), **result}
                    yield from _result(row, cells, is_cost, named)
                except BadField as error:
                    yield refused(row, error)
    yield from unknown_fields(noted)


def _fields_named(file: InputFile) -> set[str]:
    """Fields that some result of the file gives: what the report is grouped by."""
    named: set[str] = set()
    for _, document in read_documents(file):
        if isinstance(document, Refused):
            continue
        for item in _items(file, document):
            results = item.get("results")
            for result in results if isinstance(results, list) else []:
                if isinstance(result, Mapping):
                    named |= {str(key) for key, value in result.items() if value is not None}
    return named


def _items(file: InputFile, document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Buckets or user-days of a page; one by itself; a single result as a bucket of one."""
    data = document.get("data")
    if isinstance(data, list):
        strangers = [item for item in data if not isinstance(item, Mapping) or not _is_item(item)]
        if strangers:
            stranger = strangers[0] if isinstance(strangers[0], Mapping) else {}
            raise unknown_shape(file, stranger, _REMEDY)
        return data
    if _is_item(document):
        return [document]
    if "starting_at" in document and ({"amount", "output_tokens"} & set(document)):
        return [{**document, "results": [document]}]
    raise unknown_shape(file, document, _REMEDY)


def _is_item(item: Mapping[str, Any]) -> bool:
    return "model_breakdown" in item or ("results" in item and "starting_at" in item)


def _times(bucket: Mapping[str, Any]) -> dict[str, Any]:
    return {key: bucket[key] for key in ("starting_at", "ending_at") if key in bucket}


def _check_kind(file: InputFile, result: Mapping[str, Any], is_cost: bool) -> None:
    is_usage = "output_tokens" in result or "uncached_input_tokens" in result
    if (is_cost and "amount" not in result and is_usage) or (not is_cost and "amount" in result):
        other = "anthropic-usage" if is_cost else "anthropic-costs"
        what = "usage" if is_cost else "costs"
        raise InputError(
            str(file.path), f"its results are {what}", f"Land it with python -m ingest {other}"
        )


def _stated_empty(
    file: InputFile, bucket: Mapping[str, Any], is_cost: bool
) -> Iterator[EmptyBucket]:
    start = values.parsed_instant(bucket.get("starting_at"))
    if start and "analytics" not in file.name.lower():
        dataset = "cost_report" if is_cost else "messages"
        family = "costs" if is_cost else "messages"
        yield EmptyBucket(dataset=dataset, family=family, issuer=ISSUER, period_start_at=start)


def _result(row: Row, cells: Mapping[str, Any], is_cost: bool, named: set[str]) -> list[Line]:
    """The lines of one result of the usage, cost or analytics reports."""
    is_analytics = bool(_ANALYTICS & set(cells))
    start, end = values.period(cells, "starting_at", "ending_at")
    shared = {
        "source_line": row.line,
        "row_number": row.number,
        "issuer": ISSUER,
        "billing_account_id": text(cells, "organization_id"),
        "period_start_at": start,
        "period_end_at": end,
        "project_id": _id_or(cells, "workspace_id", DEFAULT_WORKSPACE, named),
        "api_key_id": _id_or(cells, "api_key_id", CONSOLE_KEY, named),
        "model": text(cells, "model"),
        "service_tier": text(cells, "service_tier"),
        "context_window": text(cells, "context_window"),
        "inference_geo": text(cells, "inference_geo"),
        "speed": text(cells, "speed"),
        "is_batch": _is_batch(text(cells, "service_tier")),
        "tags": _labels(cells, "product", "service_account_id", "claude_tag_category"),
    }
    if is_cost:
        return [_cost_line(cells, shared, is_analytics)]
    dataset = "analytics_usage" if is_analytics else "messages"
    return usage_lines(shared, dataset, _usage_meters(cells))


def _id_or(cells: Mapping[str, Any], field: str, otherwise: str, named: set[str]) -> str | None:
    """An id; what NULL stands for where the report is grouped by it, which some other row shows."""
    value = text(cells, field)
    return otherwise if value is None and field in cells and field in named else value


def _is_batch(tier: str | None) -> bool | None:
    return None if tier is None else tier.lower() == "batch"


def _labels(cells: Mapping[str, Any], *names: str) -> dict[str, str] | None:
    found = {name: value for name in names if (value := text(cells, name)) is not None}
    return found or None


def _cost_line(cells: Mapping[str, Any], shared: dict[str, Any], is_analytics: bool) -> Line:
    listed = values.amount(cells, "list_amount")
    return Line(
        **shared,
        dataset="analytics_costs" if is_analytics else "cost_report",
        family="analytics_costs" if is_analytics else "costs",
        line_kind="cost",
        line_item=text(cells, "description"),
        service=text(cells, "cost_type"),
        token_type=text(cells, "token_type"),
        amount=dollars(values.required_amount(cells, "amount")),
        list_amount=None if listed is None else dollars(listed),
        currency=values.currency(cells, "currency"),
    )


def dollars(cents: Decimal) -> Decimal:
    """Cents as dollars, exactly: the point moves two places."""
    sign, digits, exponent = cents.as_tuple()
    return Decimal((sign, digits, int(exponent) - 2))


def _usage_meters(cells: Mapping[str, Any]) -> Meters:
    cache = cells.get(_CACHE)
    if cache is not None and not isinstance(cache, Mapping):
        raise BadField("wrong_type", _CACHE, cache)
    tools = cells.get("server_tool_use")
    if tools is not None and not isinstance(tools, Mapping):
        raise BadField("wrong_type", "server_tool_use", tools)
    meters: Meters = [
        _tokens("input", cells, "uncached_input_tokens"),
        _tokens("cache_read", cells, "cache_read_input_tokens"),
    ]
    for length in ("5m", "1h"):
        field = f"ephemeral_{length}_input_tokens"
        written = count(cache or {}, field) or Decimal(0)
        meters.append((f"cache_write_{length}", f"{_CACHE}.{field}", written, "tokens"))
    meters.append(_tokens("output", cells, "output_tokens"))
    searches = count(tools or {}, "web_search_requests") or Decimal(0)
    meters.append(("web_search", "server_tool_use.web_search_requests", searches, "requests"))
    requests = count(cells, "requests")
    if requests is not None:
        meters.append(("requests", "requests", requests, "requests"))
    return meters


def _tokens(meter: str, cells: Mapping[str, Any], field: str) -> tuple[str, str, Decimal, str]:
    return meter, field, required_count(cells, field), "tokens"


def _user_day(row: Row, item: Mapping[str, Any]) -> Iterator[Record]:
    """A user's day in the Claude Code report; who it was is read over."""
    try:
        yield from _user_day_lines(row, item)
    except BadField as error:
        yield refused(row, error)


def _user_day_lines(row: Row, item: Mapping[str, Any]) -> list[Line]:
    start = values.instant(item, "date")
    actor = _mapping(item, "actor")
    shared: dict[str, Any] = {
        "source_line": row.line,
        "row_number": row.number,
        "issuer": ISSUER,
        "billing_account_id": text(item, "organization_id"),
        "period_start_at": start,
        "period_end_at": start + values.DAY,
        "api_key_name": text(actor, "api_key_name"),
        "service": "claude_code",
        "tags": _labels(item, "customer_type", "subscription_type", "terminal_type"),
    }
    lines: list[Line] = []
    sessions = count(_mapping(item, "core_metrics"), "num_sessions")
    if sessions is not None:
        lines += usage_lines(
            shared, "claude_code", [("session", "num_sessions", sessions, "sessions")]
        )
    breakdown = item.get("model_breakdown")
    if not isinstance(breakdown, list):
        raise BadField("wrong_type", "model_breakdown", breakdown)
    for part in breakdown:
        if not isinstance(part, Mapping):
            raise BadField("wrong_type", "model_breakdown", part)
        of_model = shared | {"model": values.required_text(part, "model")}
        tokens = _mapping(part, "tokens")
        meters = [
            _tokens(meter, tokens, field)
            for meter, field in (
                ("input", "input"),
                ("cache_read", "cache_read"),
                ("cache_write_5m", "cache_creation"),
                ("output", "output"),
            )
        ]
        lines += usage_lines(of_model, "claude_code", meters)
        estimate = _mapping(part, "estimated_cost")
        lines.append(
            Line(
                **of_model,
                dataset="claude_code",
                line_kind="cost",
                amount=dollars(values.required_amount(estimate, "amount")),
                currency=values.currency(estimate, "currency"),
            )
        )
    return lines


def _mapping(cells: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    value = cells.get(field)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise BadField("wrong_type", field, value)
    return value
