"""OpenTelemetry traces and log events of model calls, as OTLP/JSON lines.

Data flow: OTLP/JSON lines -> ``to_call_logs`` -> data/raw/calls. The unit of reading is one span
(or log record): each yields one answer, a call or why it is none.
Alone: ``python -m ingest otlp traces.jsonl``.

Understood: GenAI semantic conventions 1.27 to 1.42 and their predecessors, OpenLLMetry,
OpenInference, Claude Code's api_request events. Latencies are milliseconds, cost US dollars.

Two instrumentors on one client make two spans for one call. They get one event id, so that one
lands, when both name the same response, or when one model span is the only model span inside
another. A model span around several is a wrapper and no call of its own.

``input_tokens`` includes cache counts since 1.40; older Anthropic instrumentors left them out and
no attribute tells which. The normaliser decides by the total, or by cache counts that cannot fit;
where neither proves it the documented meaning is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ingest.sources import (
    Answer,
    Log,
    Skipped,
    as_list,
    as_map,
    context_of,
    given,
    split_tags,
    tags_of,
)

_OPERATIONS = {
    "chat": "chat",
    "text_completion": "chat",
    "completion": "chat",
    "generate_content": "chat",
    "embeddings": "embeddings",
    "embedding": "embeddings",
    "rerank": "rerank",
    "reranker": "rerank",
    "image_generation": "image",
    "llm": "chat",
}
# Our field: attribute names that say it, the newest convention first.
_NAMES: dict[str, tuple[str, ...]] = {
    "provider": ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system"),
    "model": ("gen_ai.response.model", "llm.response.model_name", "llm.model_name"),
    "requested_model": ("gen_ai.request.model", "llm.request.model_name", "llm.request.model"),
    "request_id": ("gen_ai.response.id", "llm.response.id"),
    "input_tokens": (
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.prompt_tokens",
        "llm.token_count.prompt",
        "llm.usage.prompt_tokens",
    ),
    "cached_input_tokens": (
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.cache_read_input_tokens",
        "gen_ai.usage.details.cache_read_tokens",
        "llm.token_count.prompt_details.cache_read",
    ),
    "cache_write_5m_tokens": (
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens",
        "gen_ai.usage.details.cache_write_tokens",
        "llm.token_count.prompt_details.cache_write",
    ),
    "output_tokens": (
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.completion_tokens",
        "llm.token_count.completion",
        "llm.usage.completion_tokens",
    ),
    "reasoning_tokens": (
        "gen_ai.usage.reasoning.output_tokens",
        "gen_ai.usage.reasoning_tokens",
        "gen_ai.usage.details.reasoning_tokens",
        "llm.token_count.completion_details.reasoning",
    ),
    "total_tokens": (
        "gen_ai.usage.total_tokens",
        "llm.usage.total_tokens",
        "llm.token_count.total",
    ),
    "input_audio_tokens": ("llm.token_count.prompt_details.audio",),
    "output_audio_tokens": ("llm.token_count.completion_details.audio",),
    "service_tier": ("openai.response.service_tier", "gen_ai.openai.response.service_tier"),
    "is_streamed": ("gen_ai.request.stream", "gen_ai.is_streaming", "llm.is_streaming"),
    "session_id": ("gen_ai.conversation.id", "session.id"),
    "workflow_id": ("gen_ai.workflow.name", "traceloop.workflow.name"),
    "agent_id": ("gen_ai.agent.id", "gen_ai.agent.name"),
    "prompt_version": ("traceloop.prompt.version", "llm.prompt_template.version"),
    "user_id": ("user.id", "enduser.id"),
    "attempt": ("gen_ai.request.attempt",),
    "http_status": ("http.response.status_code", "http.status_code"),
    "cost_usd": ("llm.cost.total", "gen_ai.usage.cost"),
}
_RESOURCE_NAMES = {
    "environment": ("deployment.environment.name", "deployment.environment"),
    "deploy_version": ("service.version",),
    "region": ("cloud.region",),
}
_ASSOCIATION = "traceloop.association.properties."
_COUNTS = ("input_tokens", "output_tokens", "total_tokens")
_CLAUDE_CODE = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_read_tokens": "cache_read_input_tokens",
    "cache_creation_tokens": "cache_creation_input_tokens",
}


def to_call_logs(record: Mapping[str, Any]) -> Iterator[Answer]:
    """Maps one line of OTLP/JSON to one answer per span or log record.

    Args:
        record: a TracesData or LogsData object.

    Yields:
        Call logs, and ``Skipped`` for every span that is no model call.
    """
    spans = list(_items(record, "resourceSpans", "scopeSpans", "spans"))
    logs = list(_items(record, "resourceLogs", "scopeLogs", "logRecords"))
    if not spans and not logs:
        yield Skipped("no_spans")
    calls = {_text(s.get("spanId")): a for s, a, _, _ in spans if _operation(a) is not None}
    nested = _nested(spans, calls)
    for span, attributes, resource, scope in spans:
        if _operation(attributes) is None:
            yield Skipped("not_a_model_span")
        elif len(nested.get(_text(span.get("spanId")), [])) > 1:
            yield Skipped("wrapper_of_calls")
        else:
            log = _from_span(span, attributes, resource, scope)
            yield log | {"event_id": _event_id(span, nested, calls)}
    for event, attributes, resource, _ in logs:
        yield _from_event(event, attributes, resource)


_Item = tuple[Mapping[str, Any], Log, Log, Mapping[str, Any]]


def _items(record: Mapping[str, Any], *path: str) -> Iterator[_Item]:
    outer, middle, inner = path
    for group in as_list(record.get(outer)):
        resource = attributes_of(as_map(group.get("resource")).get("attributes"))
        for scoped in as_list(group.get(middle)):
            for item in as_list(scoped.get(inner)):
                yield (
                    item,
                    attributes_of(item.get("attributes")),
                    resource,
                    as_map(scoped.get("scope")),
                )


def attributes_of(pairs: Any) -> Log:
    """Attributes by key; values of no known type are left out."""
    return {
        _text(pair.get("key")): value
        for pair in as_list(pairs)
        if (value := _value(as_map(pair.get("value")))) is not None
    }


def _value(typed: Mapping[str, Any]) -> Any:
    """An attribute's value; int64 comes as text in OTLP/JSON and stays exact that way."""
    for kind in ("stringValue", "intValue", "doubleValue", "boolValue"):
        if kind in typed:
            return typed[kind]
    if "arrayValue" in typed:
        return [_value(as_map(item)) for item in as_list(as_map(typed["arrayValue"]).get("values"))]
    if "kvlistValue" in typed:
        return attributes_of(as_map(typed["kvlistValue"]).get("values"))
    return None


def _operation(attributes: Log) -> str | None:
    """The model operation a span stands for; agents, tools and workflows are none."""
    if any(attributes.get(name) for name in ("traceloop.span.kind",)):
        return None
    stated = _text(
        attributes.get("gen_ai.operation.name")
        or attributes.get("openinference.span.kind")
        or attributes.get("llm.request.type")
    ).lower()
    if stated:
        return _OPERATIONS.get(stated)
    has_model = any(_first(attributes, _NAMES[name]) for name in ("model", "requested_model"))
    has_counts = any(_first(attributes, _NAMES[name]) is not None for name in _COUNTS)
    return "chat" if has_model and has_counts else None


def _nested(spans: list[_Item], calls: Mapping[str, Log]) -> dict[str, list[str]]:
    """Model spans directly inside each model span, by span id."""
    found: dict[str, list[str]] = {}
    for span, _, _, _ in spans:
        own, parent = _text(span.get("spanId")), _text(span.get("parentSpanId"))
        if own in calls and parent in calls:
            found.setdefault(parent, []).append(own)
    return found


def _from_span(
    span: Mapping[str, Any],
    attributes: Log,
    resource: Log,
    scope: Mapping[str, Any],
) -> Log:
    log = _common(attributes, resource)
    start, end = nanoseconds(span, "startTimeUnixNano"), nanoseconds(span, "endTimeUnixNano")
    first = _first(
        attributes, ("gen_ai.response.time_to_first_chunk", "gen_ai.server.time_to_first_token")
    )
    log |= {
        "timestamp": start // 1000 if start else None,
        "trace_id": span.get("traceId"),
        "latency_ms": (end - start) // 1_000_000 if start and end else None,
        "time_to_first_token_ms": _milliseconds(first),
        "outcome": _outcome(attributes, as_map(span.get("status"))),
        "usage_dialect": "openinference" if "openinference" in _text(scope.get("name")) else "otel",
    }
    return _finished(log)


def _from_event(event: Mapping[str, Any], attributes: Log, resource: Log) -> Answer:
    name = _text(event.get("eventName") or attributes.get("event.name"))
    at = nanoseconds(event, "timeUnixNano") or nanoseconds(event, "observedTimeUnixNano")
    if name in ("claude_code.api_request", "api_request"):
        log = context_of(attributes, resource)
        log |= {
            "provider": "anthropic",
            "model": attributes.get("model"),
            "timestamp": at // 1000 if at else None,
            "session_id": attributes.get("session.id"),
            "user_id": attributes.get("user.id"),
            "request_id": attributes.get("request_id"),
            "latency_ms": attributes.get("duration_ms"),
            "cost_usd": attributes.get("cost_usd"),
            "speed": attributes.get("speed"),
            # `attempt` is how many were made; only the one that answered is reported
            "attempt": attributes.get("attempt"),
            "usage": {
                theirs: attributes[ours]
                for ours, theirs in _CLAUDE_CODE.items()
                if ours in attributes
            },
        }
        return given(log)
    if _operation(attributes) is None or not any(
        _first(attributes, _NAMES[count]) is not None for count in _COUNTS
    ):
        return Skipped("not_a_model_event")
    log = _common(attributes, resource) | {
        "timestamp": at // 1000 if at else None,
        "trace_id": event.get("traceId"),
        "outcome": _outcome(attributes, {}),
        "usage_dialect": "otel",
        "event_id": _event_id(event, {}, {_text(event.get("spanId")): attributes}),
    }
    return _finished(log)


def _common(attributes: Log, resource: Log) -> Log:
    associated = {
        key.removeprefix(_ASSOCIATION): value
        for key, value in attributes.items()
        if key.startswith(_ASSOCIATION)
    }
    metadata, labels = as_map(attributes.get("metadata")), split_tags(attributes.get("tag.tags"))
    log = context_of(associated, metadata, labels, attributes, resource)
    log |= given({ours: _first(resource, names) for ours, names in _RESOURCE_NAMES.items()})
    log |= given({ours: _first(attributes, names) for ours, names in _NAMES.items()})
    log["operation"] = _operation(attributes)
    log["tags"] = tags_of(associated, metadata, labels) or None
    said = as_map(attributes.get("output.value"))  # the id and tier only; the answer stays out
    log.setdefault("request_id", said.get("id"))
    log.setdefault("service_tier", said.get("service_tier"))
    return log


def _finished(log: Log) -> Log:
    log.setdefault("model", log.get("requested_model"))
    is_claude = "claude" in _text(log.get("model")).lower()
    if is_claude and _text(log.get("cache_write_5m_tokens")) not in ("", "0"):
        log["usage_status"] = "estimated"  # the conventions know no 5m/1h split
    elif log["outcome"] == "success" and not any(log.get(count) for count in _COUNTS):
        log["usage_status"] = "missing"  # a stream without its usage chunk
    return given(log)


def _event_id(
    span: Mapping[str, Any], nested: Mapping[str, list[str]], calls: Mapping[str, Log]
) -> str:
    """One id for all spans of a call: its response's id, or the innermost span's."""
    own = _text(span.get("spanId"))
    chain = [own]
    while len(nested.get(chain[-1], [])) == 1:
        chain.append(nested[chain[-1]][0])
    parent = next((p for p, inner in nested.items() if inner == [own]), None)
    while parent is not None:
        chain.insert(0, parent)
        parent = next((p for p, inner in nested.items() if inner == [parent]), None)
    for span_id in reversed(chain):
        attributes = calls.get(span_id, {})
        named = _first(attributes, _NAMES["request_id"]) or as_map(
            attributes.get("output.value")
        ).get("id")
        if named:
            return f"response:{named}"
    return f"{_text(span.get('traceId'))}:{chain[-1]}"


def _outcome(attributes: Log, status: Mapping[str, Any]) -> str:
    code = _text(_first(attributes, _NAMES["http_status"]))
    kind = _text(attributes.get("error.type") or attributes.get("exception.type")).lower()
    if code == "429" or kind == "429" or "ratelimit" in kind.replace("_", ""):
        return "rate_limited"
    if code in ("408", "504") or "timeout" in kind:
        return "timeout"
    if "cancel" in kind:
        return "aborted"
    is_failed = _text(status.get("code")) in ("2", "STATUS_CODE_ERROR") or bool(kind)
    return "error" if is_failed or (code.isdigit() and int(code) >= 400) else "success"


def _first(attributes: Log, names: tuple[str, ...]) -> Any:
    return next((attributes[name] for name in names if name in attributes), None)


def nanoseconds(item: Mapping[str, Any], name: str) -> int | None:
    """An epoch in nanoseconds, None where it is not stated."""
    text = _text(item.get(name))
    return int(text) if text.isdigit() and int(text) > 0 else None


def _milliseconds(seconds: Any) -> int | None:
    try:
        return None if seconds is None else round(float(seconds) * 1000)
    except ValueError:
        return None


def _text(value: Any) -> str:
    return "" if value is None else str(value)
