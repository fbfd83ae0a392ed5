"""OpenTelemetry evaluation results: ``gen_ai.evaluation.result`` events of logs and spans.

Data flow: OTLP/JSON documents -> ``evaluations`` -> data/raw/product_events. The unit is one log
record or one span event; each yields a row or why it is none. The explanation is left out.

The event names its call by the response's id, else by the span it is parented to; the span's own
attributes say the response's id where the event does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ingest.sources import Log, Rejected, as_list, as_map, context_of, given
from ingest.sources.otlp import attributes_of, nanoseconds

EVENT = "gen_ai.evaluation.result"
_GROUPS = {
    "resourceLogs": ("scopeLogs", "logRecords"),
    "resource_logs": ("scope_logs", "log_records"),
    "resourceSpans": ("scopeSpans", "spans"),
    "resource_spans": ("scope_spans", "spans"),
}


def holds_telemetry(document: Mapping[str, Any]) -> bool:
    """Whether a document is an export of logs or traces."""
    return any(name in document for name in _GROUPS)


Answer = Log | Rejected


def evaluations(document: Mapping[str, Any]) -> Iterator[tuple[Answer, Mapping[str, Any]]]:
    """The evaluation results of an export, as rows of product events, each with its record."""
    found = False
    for group, (middle, inner) in _GROUPS.items():
        for held in map(as_map, as_list(document.get(group))):
            resource = attributes_of(as_map(held.get("resource")).get("attributes"))
            scopes = map(as_map, as_list(held.get(middle)))
            items = [as_map(item) for scope in scopes for item in as_list(scope.get(inner))]
            for item in items:
                for answer in _of_item(item, resource, inner == "spans"):
                    found = True
                    yield answer
    if not found:
        yield Rejected("not_an_evaluation", "resource", "no log record, no span event"), {}


def _of_item(
    item: Mapping[str, Any], resource: Log, is_span: bool
) -> Iterator[tuple[Answer, Mapping[str, Any]]]:
    if not is_span:
        yield _of_event(item, item, {}, resource), item
        return
    span = attributes_of(item.get("attributes"))
    for event in map(as_map, as_list(item.get("events"))):
        yield _of_event(event, item, span, resource), event


def _of_event(
    event: Mapping[str, Any], place: Mapping[str, Any], span: Log, resource: Log
) -> Answer:
    own = attributes_of(event.get("attributes"))
    name = (
        event.get("eventName") or event.get("event_name") or event.get("name")
        or own.get("event.name")
    )  # fmt: skip
    if name != EVENT:
        return Rejected("not_an_evaluation", "event.name", str(name or "")[:64])
    at = nanoseconds(event, "timeUnixNano") or nanoseconds(event, "time_unix_nano")
    seen = nanoseconds(event, "observedTimeUnixNano") or nanoseconds(
        event, "observed_time_unix_nano"
    )
    trace, at_span = _id(place, "trace"), _id(place, "span")
    measured = own.get("gen_ai.evaluation.name")
    response = own.get("gen_ai.response.id") or span.get("gen_ai.response.id")
    said = context_of(own, span, resource) | given(
        {
            "event_id": f"otel:{trace}:{at_span}:{measured}:{at}" if trace and at else None,
            "event_name": measured,
            "occurred_at": (at or seen or 0) // 1000 or None,
            "observed_at": seen // 1000 if seen else None,
            "value": own.get("gen_ai.evaluation.score.value"),
            "label": own.get("gen_ai.evaluation.score.label"),
            "request_id": response,
            "trace_id": trace,
            "session_id": own.get("gen_ai.conversation.id") or span.get("gen_ai.conversation.id"),
            "workflow_id": own.get("gen_ai.workflow.name") or span.get("gen_ai.workflow.name"),
            "dialect": "otel",
        }
    )
    failed = own.get("error.type")
    return said | ({"tags": {"error.type": failed}} if failed else {})


def _id(place: Mapping[str, Any], kind: str) -> Any:
    return place.get(f"{kind}Id") or place.get(f"{kind}_id")
