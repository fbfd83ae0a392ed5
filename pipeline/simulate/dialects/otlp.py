"""OTLP/JSON lines with GenAI spans, as an OpenTelemetry collector's file exporter writes them.

One TracesData object a line, a batch of spans in each, tool spans among the model spans; ids in
hex, 64-bit integers as text. Cache counts lie inside the input (semantic conventions 1.40).
"""

from __future__ import annotations

from typing import Any

import orjson
import polars as pl

Row = dict[str, Any]
SPANS_PER_LINE = 16
TOOL_SPAN_EVERY = 12
_PROVIDERS = {"google": "gcp.gemini"}
_CONTEXT = (
    "tenant_id", "feature", "endpoint", "team", "workload_class", "operation_id", "attempt",
    "run_id", "task_id", "prompt_version", "route_policy_version", "api_key_id", "project_id",
)  # fmt: skip
_ERROR_TYPES = {
    "rate_limited": "429",
    "timeout": "timeout",
    "error": "500",
    "aborted": "CancelledError",
}


def otlp_lines(frame: pl.DataFrame) -> list[tuple[str, int, int]]:
    """Lines of one file, each with its number of model spans and of other spans."""
    rows = list(frame.iter_rows(named=True))
    batches = [rows[at : at + SPANS_PER_LINE] for at in range(0, len(rows), SPANS_PER_LINE)]
    return [_line(batch) for batch in batches]


def _line(rows: list[Row]) -> tuple[str, int, int]:
    spans: list[Row] = []
    for row in rows:
        spans.append(_model_span(row))
        if int(row["trace_id"][3:]) % TOOL_SPAN_EVERY == 0:
            spans.append(_tool_span(row))
    first = rows[0]
    resource = {
        "service.name": "brightdesk-gateway",
        "service.version": first["deploy_version"],
        "deployment.environment.name": "production",
    }
    document = {
        "resourceSpans": [
            {
                "resource": {"attributes": _attributes(resource)},
                "scopeSpans": [
                    {"scope": {"name": "brightdesk.genai", "version": "1.4.0"}, "spans": spans}
                ],
            }
        ]
    }
    return orjson.dumps(document).decode(), len(rows), len(spans) - len(rows)


def _model_span(row: Row) -> Row:
    attributes: Row = {
        "gen_ai.operation.name": row["operation"],
        "gen_ai.provider.name": _PROVIDERS.get(row["provider"], row["provider"]),
        "gen_ai.request.model": row["requested_model"],
        "gen_ai.response.model": row["model"],
        "gen_ai.request.stream": row["is_streamed"],
        "gen_ai.workflow.name": row["workflow_id"],
        "user.id": row["user_id"],
    }
    attributes |= {f"app.{name}": row[name] for name in _CONTEXT}
    if row["provider"] == "openai":
        attributes["openai.response.service_tier"] = row["service_tier"]
    failed = row["outcome"] in _ERROR_TYPES
    if failed:
        attributes["error.type"] = _ERROR_TYPES[row["outcome"]]
    if row["outcome"] in ("success", "aborted"):
        attributes["gen_ai.response.id"] = "resp_" + row["event_id"].removeprefix("evt_")
    if row["has_usage"]:
        attributes |= _usage(row)
    if row["time_to_first_token_ms"]:
        attributes["gen_ai.response.time_to_first_chunk"] = row["time_to_first_token_ms"] / 1000
    return _span(row, f"{row['operation']} {row['requested_model']}", 0, attributes, failed)


def _usage(row: Row) -> Row:
    inside = row["cache_read_tokens"] + row["cache_write_5m_tokens"]
    return {
        "gen_ai.usage.input_tokens": row["uncached_input_tokens"] + inside,
        "gen_ai.usage.output_tokens": row["output_tokens"],
        "gen_ai.usage.cache_read.input_tokens": row["cache_read_tokens"],
        "gen_ai.usage.cache_creation.input_tokens": row["cache_write_5m_tokens"],
        "gen_ai.usage.reasoning.output_tokens": row["reasoning_tokens"],
    }


def _tool_span(row: Row) -> Row:
    attributes = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "fetch_ticket"}
    return _span(row, "execute_tool fetch_ticket", 1, attributes, False)


def _span(row: Row, name: str, number: int, attributes: Row, failed: bool) -> Row:
    bits = int(row["event_id"].removeprefix("evt_"))
    start = row["started_ms"] * 1_000_000
    return {
        "traceId": f"{int(row['trace_id'][3:]):032x}",
        "spanId": f"{bits ^ number:016x}",
        "name": name,
        "kind": 3,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + row["latency_ms"] * 1_000_000),
        "attributes": _attributes(attributes),
        "status": {"code": 2} if failed else {},
    }


def _attributes(values: Row) -> list[Row]:
    return [
        {"key": key, "value": _typed(value)} for key, value in values.items() if value is not None
    ]


def _typed(value: Any) -> Row:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    return {"stringValue": str(value)}
