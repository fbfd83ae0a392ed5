"""OTLP spans: the naming generations, one call seen twice, and nothing said in prompts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.sources import Skipped
from ingest.sources.otlp import to_call_logs
from tests.support.usage import answers, logs_of, normalise, records

ANTHROPIC = {"uncached": 3, "read": 1111, "output": 406, "status": "reported"}
OPENAI = {"uncached": 8, "read": 4012, "output": 4, "reasoning": 0, "status": "reported"}
FIXTURES: dict[str, dict[str, Any]] = {
    "otlp_traces_traceloop_anthropic.jsonl": ANTHROPIC | {"write_5m": 0, "dialect": "otel"},
    "otlp_traces_openinference_anthropic.jsonl": ANTHROPIC | {"dialect": "openinference"},
    "otlp_traces_traceloop_openai.jsonl": OPENAI | {"tier": "standard", "dialect": "otel"},
    "otlp_traces_openinference_openai.jsonl": OPENAI
    | {"tier": "standard", "dialect": "openinference", "write_5m": 0, "audio_in": 0,
       "audio_out": 0},
}  # fmt: skip


def value(raw: Any) -> dict[str, Any]:
    if isinstance(raw, bool):
        return {"boolValue": raw}
    if isinstance(raw, int):
        return {"intValue": str(raw)}
    if isinstance(raw, float):
        return {"doubleValue": raw}
    if isinstance(raw, list):
        return {"arrayValue": {"values": [value(item) for item in raw]}}
    return {"stringValue": raw}


def pairs(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": value(raw)} for key, raw in attributes.items()]


def span(attributes: dict[str, Any], **more: Any) -> dict[str, Any]:
    plain = {
        "traceId": "t1",
        "spanId": "s1",
        "startTimeUnixNano": "1795227096586660822",
        "endTimeUnixNano": "1795227097087660822",
        "attributes": pairs(attributes),
        "status": {},
    }
    return plain | more


def traces(*spans: dict[str, Any], scope: str = "lib", **resource: Any) -> dict[str, Any]:
    return {"resourceSpans": [{
        "resource": {"attributes": pairs(resource)},
        "scopeSpans": [{"scope": {"name": scope}, "spans": list(spans)}],
    }]}  # fmt: skip


def chat(**more: Any) -> dict[str, Any]:
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-5",
        "gen_ai.response.model": "gpt-5-2025-08-07",
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 20,
    } | more


def one(attributes: dict[str, Any], **more: Any) -> dict[str, Any]:
    (log,) = logs_of(to_call_logs, traces(span(attributes, **more)))
    return log


@pytest.mark.parametrize("name", FIXTURES)
def test_recorded_fixture(name: str) -> None:
    logs = logs_of(to_call_logs, *records("fixtures", "otel", name))
    assert [FIXTURES[name]] == normalise(*logs)
    assert logs[0]["environment"] == "prod"


@pytest.mark.parametrize("name", FIXTURES)
def test_no_prompt_and_no_answer_passes(name: str) -> None:
    (log,) = logs_of(to_call_logs, *records("fixtures", "otel", name))
    text = json.dumps(log)
    for content in ('"hi"', "Python", "max_tokens", "messages"):
        assert content not in text


def test_both_instrumentors_of_one_recorded_call_give_one_event() -> None:
    for vendor in ("openai", "anthropic"):
        logs = [
            log
            for tool in ("traceloop", "openinference")
            for log in logs_of(
                to_call_logs, *records("fixtures", "otel", f"otlp_traces_{tool}_{vendor}.jsonl")
            )
        ]
        assert len({log["event_id"] for log in logs}) == 1


def test_span_times_and_context() -> None:
    log = one(chat(**{
        "tenant.id": "acme",
        "app.feature": "copilot",
        "gen_ai.conversation.id": "c9",
        "gen_ai.workflow.name": "triage",
        "gen_ai.response.time_to_first_chunk": 0.25,
        "traceloop.association.properties.team": "core",
        "traceloop.association.properties.colour": "red",
        "traceloop.prompt.version": "7",
        "user.id": "u1",
        "user.email": "a@b.c",
        "openai.response.service_tier": "flex",
    }))  # fmt: skip
    assert log["timestamp"] == 1795227096586660
    assert (log["latency_ms"], log["time_to_first_token_ms"]) == (501, 250)
    assert (log["tenant_id"], log["feature"], log["session_id"]) == ("acme", "copilot", "c9")
    assert (log["workflow_id"], log["team"], log["prompt_version"]) == ("triage", "core", "7")
    assert (log["user_id"], log["service_tier"]) == ("u1", "flex")
    assert log["tags"] == {"colour": "red"}
    assert "a@b.c" not in json.dumps(log)


def test_openinference_metadata_and_tags_are_context() -> None:
    log = one({
        "openinference.span.kind": "LLM",
        "llm.provider": "openai",
        "llm.model_name": "gpt-5",
        "llm.token_count.prompt": 10,
        "llm.token_count.completion": 2,
        "metadata": '{"tenantId": "acme", "colour": "red"}',
        "tag.tags": ["feature:copilot"],
        "llm.cost.total": 0.5,
    })  # fmt: skip
    assert (log["tenant_id"], log["feature"], log["cost_usd"]) == ("acme", "copilot", 0.5)


OLD_NAMES = {
    "gen_ai.system": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.usage.prompt_tokens": 10,
    "gen_ai.usage.completion_tokens": 4,
    "llm.usage.total_tokens": 14,
    "gen_ai.usage.cache_read_input_tokens": 6,
    "llm.request.type": "chat",
}
NEW_NAMES = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.usage.input_tokens": 10,
    "gen_ai.usage.output_tokens": 4,
    "gen_ai.usage.cache_read.input_tokens": 6,
    "gen_ai.usage.reasoning.output_tokens": 3,
}


@pytest.mark.parametrize(("names", "reasoning"), [(OLD_NAMES, None), (NEW_NAMES, 3)])
def test_old_and_new_names(names: dict[str, Any], reasoning: int | None) -> None:
    (said,) = normalise(one(names))
    assert (said["uncached"], said["read"], said["output"]) == (4, 6, 4)
    assert said.get("reasoning") == reasoning


def claude(**more: Any) -> dict[str, Any]:
    return chat(**{
        "gen_ai.provider.name": "anthropic",
        "gen_ai.response.model": "claude-sonnet-4-5",
        "gen_ai.usage.cache_read.input_tokens": 1111,
    }) | more  # fmt: skip


def test_older_anthropic_input_without_cache_is_told_by_arithmetic() -> None:
    cannot_fit = claude(**{"gen_ai.usage.input_tokens": 3})
    assert normalise(one(cannot_fit))[0]["uncached"] == 3
    total = {"gen_ai.usage.input_tokens": 2000, "gen_ai.usage.output_tokens": 6}
    outside = claude(**total, **{"gen_ai.usage.total_tokens": 3117})
    assert normalise(one(outside))[0]["uncached"] == 2000
    inside = claude(**total, **{"gen_ai.usage.total_tokens": 2006})
    assert normalise(one(inside))[0]["uncached"] == 889


def test_claude_cache_writes_without_a_split_are_estimated() -> None:
    written = claude(**{"gen_ai.usage.input_tokens": 3000,
                        "gen_ai.usage.cache_creation.input_tokens": 500})  # fmt: skip
    (said,) = normalise(one(written))
    assert (said["write_5m"], said["uncached"], said["status"]) == (500, 1389, "estimated")


@pytest.mark.parametrize(
    ("attributes", "status", "outcome"),
    [
        ({}, {"code": 1}, "success"),
        ({}, {"code": 2}, "error"),
        ({"error.type": "RateLimitError"}, {"code": 2}, "rate_limited"),
        ({"error.type": "APITimeoutError"}, {"code": 2}, "timeout"),
        ({"http.response.status_code": 429}, {}, "rate_limited"),
    ],
)
def test_outcomes(attributes: dict[str, Any], status: dict[str, Any], outcome: str) -> None:
    assert one(chat(**attributes), status=status)["outcome"] == outcome


def test_a_stream_without_its_usage_lands_as_missing() -> None:
    silent = {k: v for k, v in chat().items() if "usage" not in k}
    (said,) = normalise(one(silent))
    assert said == {"status": "missing", "dialect": "otel"}


@pytest.mark.parametrize(
    "attributes",
    [
        {"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 9},
        {"gen_ai.operation.name": "execute_tool"},
        {"traceloop.span.kind": "workflow"},
        {"openinference.span.kind": "CHAIN", "llm.token_count.prompt": 9},
        {"http.request.method": "GET"},
    ],
)
def test_spans_that_are_no_model_call_are_counted_as_skipped(attributes: dict[str, Any]) -> None:
    (answer,) = answers(to_call_logs, traces(span(attributes)))
    assert isinstance(answer, Skipped)


def test_one_answer_per_span() -> None:
    line = traces(span(chat(), spanId="a"), span({"x": "y"}, spanId="b"), span(chat(), spanId="c"))
    assert len(answers(to_call_logs, line)) == 3
    assert answers(to_call_logs, {"resourceSpans": []}) == [Skipped("no_spans")]


def test_one_model_span_inside_another_is_the_same_call() -> None:
    outer = span(chat(), spanId="outer")
    inner = span(chat(**{"gen_ai.response.id": "resp_9"}), spanId="inner", parentSpanId="outer")
    for spans in ((outer, inner), (inner, outer)):
        logs = logs_of(to_call_logs, traces(*spans))
        assert {log["event_id"] for log in logs} == {"response:resp_9"}
    unnamed = span(chat(), spanId="inner", parentSpanId="outer")
    logs = logs_of(to_call_logs, traces(outer, unnamed))
    assert {log["event_id"] for log in logs} == {"t1:inner"}


def test_a_model_span_around_several_is_a_wrapper() -> None:
    outer = span(chat(), spanId="outer")
    tries = [span(chat(), spanId=name, parentSpanId="outer") for name in ("a", "b")]
    found = answers(to_call_logs, traces(outer, *tries))
    assert found[0] == Skipped("wrapper_of_calls")
    assert [log["event_id"] for log in found[1:]] == ["t1:a", "t1:b"]


def test_calls_side_by_side_stay_two() -> None:
    logs = logs_of(to_call_logs, traces(span(chat(), spanId="a"), span(chat(), spanId="b")))
    assert [log["event_id"] for log in logs] == ["t1:a", "t1:b"]


def test_claude_code_events() -> None:
    event = {
        "timeUnixNano": "1795227096586660822",
        "attributes": pairs({
            "event.name": "api_request",
            "model": "claude-opus-4-8",
            "input_tokens": "10",
            "output_tokens": "20",
            "cache_read_tokens": "300",
            "cache_creation_tokens": "0",
            "cost_usd": "0.01",
            "request_id": "req_1",
            "user.email": "a@b.c",
        }),
    }  # fmt: skip
    line = {"resourceLogs": [{"scopeLogs": [{"logRecords": [event, {"attributes": []}]}]}]}
    log, other = answers(to_call_logs, line)
    assert isinstance(other, Skipped)
    (said,) = normalise(log)
    assert (said["uncached"], said["read"], said["output"]) == (10, 300, 20)
    assert (log["cost_usd"], log["request_id"]) == ("0.01", "req_1")
    assert "a@b.c" not in json.dumps(log)
