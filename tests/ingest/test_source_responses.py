"""Recorded responses: every fixture by hand, and all real recordings against their own totals."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from typing import Any

import pyarrow.parquet as pq
import pytest

from ingest.sources import Rejected, Skipped
from ingest.sources.responses import to_call_logs
from tests.support.usage import (
    answers,
    fixture,
    logs_of,
    normalise,
    normalise_components,
    records,
    shared,
)

FIXTURES: dict[str, dict[str, Any]] = {
    "anthropic/recorded_messages_cache_read_write.json": {
        "uncached": 6, "read": 20443, "write_5m": 574, "write_1h": 0, "output": 489,
        "reasoning": 77, "searches": 0, "tier": "standard", "geo": "global",
    },
    "anthropic/recorded_messages_iterations.json": {
        "uncached": 2390, "read": 0, "write_5m": 0, "write_1h": 0, "output": 121,
        "reasoning": 28, "searches": 0, "tier": "standard", "geo": "global",
    },
    "anthropic/recorded_messages_iterations_multi.json": {
        "uncached": 2390, "read": 0, "write_5m": 0, "write_1h": 0, "output": 121,
        "reasoning": 28, "searches": 0, "tier": "standard", "geo": "global",
    },
    "anthropic/recorded_messages_thinking.json": {
        "uncached": 404500, "read": 0, "write_5m": 0, "write_1h": 0, "output": 943,
        "reasoning": 261, "searches": 10, "tier": "standard",
    },
    "anthropic/recorded_messages_web_search.json": {
        "uncached": 404500, "read": 0, "write_5m": 0, "write_1h": 0, "output": 943,
        "reasoning": 261, "searches": 10, "tier": "standard",
    },
    "aws/recorded_bedrock_converse_cache.json": {
        "uncached": 433, "read": 2752, "write_5m": 0, "write_1h": 0, "output": 16,
    },
    "aws/recorded_bedrock_converse_cache_write.json": {
        "uncached": 22, "read": 0, "write_5m": 2492, "output": 13,
    },
    "aws/recorded_bedrock_invoke_model.json": {
        "uncached": 3, "read": 9511, "write_5m": 0, "write_1h": 0, "output": 1944, "searches": 0,
    },
    "azure/recorded_azure_openai_chat.json": {
        "uncached": 18, "read": 0, "write_5m": 0, "output": 5, "reasoning": 0,
        "tier": "standard",
    },
    "google/recorded_gemini_cached.json": {
        "uncached": 334, "read": 17379, "output": 889, "reasoning": 821,
        "audio_in": 36, "audio_read": 1881, "tier": "standard",
    },
    "google/recorded_gemini_multimodal.json": {
        "uncached": 1305, "read": 0, "output": 11, "reasoning": 0, "audio_in": 0, "audio_out": 0,
    },
    "google/recorded_gemini_openai_compat_hidden_thoughts.json": {
        "uncached": 35, "output": 74, "reasoning": 62,
    },
    "google/recorded_gemini_thoughts.json": {
        "uncached": 36, "read": 0, "output": 2708, "reasoning": 2688, "audio_in": 0,
    },
    "google/recorded_gemini_tool_use_prompt.json": {
        "uncached": 4642, "read": 0, "output": 62, "reasoning": 37, "audio_in": 0,
    },
    "google/recorded_vertex_traffic_type.json": {"tier": "standard", "status": "missing"},
    "openai/recorded_chat_audio.json": {
        "uncached": 81, "read": 0, "write_5m": 0, "output": 72, "reasoning": 0, "audio_in": 69,
        "audio_out": 0, "tier": "standard",
    },
    "openai/recorded_chat_cached.json": {
        "uncached": 8, "read": 4012, "write_5m": 0, "output": 4, "reasoning": 0, "audio_in": 0,
        "audio_out": 0, "tier": "standard",
    },
    "openai/recorded_chat_reasoning.json": {
        "uncached": 577, "read": 0, "write_5m": 0, "output": 2320, "reasoning": 1792,
        "audio_in": 0, "audio_out": 0, "tier": "standard",
    },
    "openai/recorded_chat_service_tier_nondefault.json": {
        "uncached": 53, "read": 0, "write_5m": 0, "output": 469, "reasoning": 448, "tier": "flex",
    },
    "openai/recorded_embeddings.json": {"uncached": 2, "read": 0, "output": 0},
    "openai/recorded_responses_cache_write.json": {
        "uncached": 4158, "read": 0, "write_5m": 4418, "output": 52, "reasoning": 32,
        "tier": "standard",
    },
    "openai/recorded_responses_cached_reasoning.json": {
        "uncached": 23726, "read": 92160, "write_5m": 0, "output": 1720, "reasoning": 1472,
        "tier": "standard",
    },
    "openrouter/recorded_chat_byok.json": {
        "uncached": 326, "read": 0, "write_5m": 0, "output": 91, "reasoning": 0, "audio_in": 0,
        "paid": Decimal("0.0003253"),
    },
    "openrouter/recorded_chat_cost_details.json": {
        "uncached": 8, "read": 0, "write_5m": 4012, "output": 5, "reasoning": 0,
        "paid": Decimal("0.025265"), "tier": "standard",
    },
    "openrouter/recorded_reasoning_exceeds_completion.json": {
        "uncached": 43, "read": 0, "write_5m": 0, "output": 10, "audio_in": 0,
        "paid": Decimal(0), "status": "partial",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", FIXTURES)
def test_recorded_fixture(name: str) -> None:
    (log,) = logs_of(to_call_logs, fixture(*name.split("/")))
    (said,) = normalise(log)
    del said["dialect"]
    assert said == {"status": "reported", **FIXTURES[name]}


def test_every_recorded_fixture_has_its_expectation() -> None:
    root = shared("fixtures")
    assert {str(f.relative_to(root)) for f in root.glob("*/recorded_*.json")} == set(FIXTURES)


def test_the_documented_compaction_is_two_charges() -> None:
    document = fixture("anthropic", "documented_usage_compaction.json")
    record = {"provider": "anthropic", "response": {"model": "claude-x", **document}}
    (log,) = logs_of(to_call_logs, record)
    (said,), (extra,) = normalise(log), normalise_components(log)
    assert (said["uncached"], said["output"]) == (23000, 1000)
    assert (extra["uncached"], extra["output"]) == (180000, 3500)


def test_the_recorded_advisor_is_a_component_on_its_own_model() -> None:
    (log,) = logs_of(to_call_logs, fixture("anthropic", "recorded_messages_iterations.json"))
    (extra,) = normalise_components(log)
    assert (extra["model"], extra["uncached"], extra["output"]) == ("claude-opus-4-8", 2518, 22)


# --------------------------------------------------------------------------- mapping


def record(**more: Any) -> dict[str, Any]:
    body = {"id": "chatcmpl-0123456789", "model": "gpt-5-2025-08-07", "created": 1757700000,
            "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}}  # fmt: skip
    plain = {"method": "POST", "host": "api.openai.com", "path": "/v1/chat/completions",
             "http_status": 200, "request_model": "gpt-5", "response": body}  # fmt: skip
    return plain | more


def log_of(**more: Any) -> dict[str, Any]:
    (log,) = logs_of(to_call_logs, record(**more))
    return log


def test_a_record_becomes_a_log() -> None:
    log = log_of(tenant_id="acme", feature="copilot", date="Tue, 16 Sep 2025 15:00:36 GMT")
    assert log["timestamp"] == "2025-09-16T15:00:36+00:00"
    assert (log["provider"], log["model"], log["requested_model"]) == (
        "openai", "gpt-5-2025-08-07", "gpt-5",
    )  # fmt: skip
    assert (log["tenant_id"], log["feature"], log["outcome"]) == ("acme", "copilot", "success")
    assert log["event_id"] == "response:chatcmpl-0123456789"
    assert log["operation"] == "chat"


def test_time_comes_from_the_body_last_and_its_absence_is_said() -> None:
    assert log_of()["timestamp"] == 1757700000
    body = {"usage": {"prompt_tokens": 1, "completion_tokens": 1}, "model": "m"}
    log = log_of(response=body)
    assert log["timestamp_missing"] is True
    assert "timestamp" not in log


def test_a_general_shape_with_provider_and_headers() -> None:
    body = {"model": "claude-sonnet-4-5", "usage": {"input_tokens": 1, "output_tokens": 2}}
    (log,) = logs_of(to_call_logs, {
        "timestamp": "2026-10-01T00:00:00Z", "provider": "Anthropic", "body": body,
        "request": {"model": "claude-sonnet-latest", "stream": True},
        "headers": {"Request-Id": "req_1"}, "tenantId": "t1",
    })  # fmt: skip
    assert (log["provider"], log["request_id"], log["is_streamed"]) == ("anthropic", "req_1", True)
    assert (log["requested_model"], log["tenant_id"]) == ("claude-sonnet-latest", "t1")


def test_an_unknown_host_stays_visible_as_its_own_provider() -> None:
    assert log_of(host="llm.my-company.com")["provider"] == "llm.my-company.com"


def test_bedrock_is_billed_by_the_model_id_called_and_its_region() -> None:
    path = "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse"
    log = log_of(host="bedrock-runtime.us-east-1.amazonaws.com", path=path)
    assert (log["model"], log["region"]) == (
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "us-east-1",
    )


def test_bedrock_header_counts_stand_in_for_a_silent_body() -> None:
    log = log_of(
        host="bedrock-runtime.us-east-1.amazonaws.com",
        path="/model/cohere.embed-english-v3/invoke",
        response={"id": "67259668-f82e-41c6-a2a0-136b340d2400"},
        bedrock_headers={"x-amzn-bedrock-input-token-count": "4",
                         "x-amzn-bedrock-invocation-latency": "79"},
    )  # fmt: skip
    (said,) = normalise(log)
    assert (said["uncached"], said["status"], log["latency_ms"]) == (4, "reported", "79")


def stream(*events: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"event": name, "payload": payload} for name, payload in events]


def test_anthropic_deltas_replace_the_start_key_by_key() -> None:
    events = stream(
        ("message_start", {"id": "msg_0123456789ab", "model": "claude-sonnet-4-6", "usage": {
            "input_tokens": 702, "cache_read_input_tokens": 11, "output_tokens": 1}}),
        ("message_delta", {"usage": {"input_tokens": 1591, "output_tokens": 175}}),
    )  # fmt: skip
    log = log_of(host="api.anthropic.com", path="/v1/messages", response=None,
                 stream_usage_events=events)  # fmt: skip
    (said,) = normalise(log)
    assert (said["uncached"], said["read"], said["output"]) == (1591, 11, 175)
    assert (said["status"], log["model"], log["is_final"]) == (
        "reported",
        "claude-sonnet-4-6",
        True,
    )


def test_a_split_older_than_its_sum_is_dropped() -> None:
    events = stream(
        ("message_start", {"usage": {
            "input_tokens": 5, "output_tokens": 1, "cache_creation_input_tokens": 4,
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 4}}}),
        ("message_delta", {"usage": {"output_tokens": 9, "cache_creation_input_tokens": 30}}),
    )  # fmt: skip
    (said,) = normalise(log_of(host="api.anthropic.com", path="/v1/messages", response=None,
                               request_model="claude-x", stream_usage_events=events))  # fmt: skip
    assert (said["write_5m"], said["status"]) == (30, "estimated")


def test_a_stream_that_broke_after_its_start_is_partial() -> None:
    events = stream(("message_start", {"usage": {"input_tokens": 7, "output_tokens": 1}}))
    (said,) = normalise(log_of(host="api.anthropic.com", path="/v1/messages", response=None,
                               stream_usage_events=events))  # fmt: skip
    assert (said["uncached"], said["status"]) == (7, "partial")


def test_gemini_takes_the_last_whole_record_never_a_merge() -> None:
    events = stream(
        ("chunk", {"usageMetadata": {"promptTokenCount": 169, "thoughtsTokenCount": 40,
                                     "totalTokenCount": 209}}),
        ("chunk", {"usageMetadata": {"promptTokenCount": 79, "candidatesTokenCount": 12,
                                     "totalTokenCount": 91}}),
        ("chunk", {"usageMetadata": {"trafficType": "ON_DEMAND"}}),
    )  # fmt: skip
    log = log_of(host="generativelanguage.googleapis.com", response=None,
                 path="/v1beta/models/gemini-2.0-flash:streamGenerateContent",
                 stream_usage_events=events)  # fmt: skip
    (said,) = normalise(log)
    assert (said["uncached"], said["output"], said["reasoning"]) == (79, 12, 0)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(429, "rate_limited"), (504, "timeout"), (500, "error"), (400, "error"), (200, "success")],
)
def test_outcome_of_a_status(status: int, outcome: str) -> None:
    assert log_of(http_status=status)["outcome"] == outcome


@pytest.mark.parametrize(
    ("host", "path", "method"),
    [
        ("api.openai.com", "/v1/models", "GET"),
        ("api.openai.com", "/v1/files", "POST"),
        ("api.openai.com", "/v1/responses/input_tokens", "POST"),
        ("api.openai.com", "/v1/threads/thread_1/messages", "POST"),
        ("api.anthropic.com", "/v1/messages/count_tokens", "POST"),
        ("generativelanguage.googleapis.com", "/v1beta/models/gemini-2.5-pro:countTokens", "POST"),
        ("bedrock-runtime.us-east-1.amazonaws.com", "/guardrail/x/version/1/apply", "POST"),
        ("bedrock-runtime.us-east-1.amazonaws.com", "/model/m/count-tokens", "POST"),
        ("os-api.agno.com", "/telemetry/runs", "POST"),
        ("api.cohere.com", "/v1/tokenize", "POST"),
    ],
)
def test_endpoints_that_run_no_model_are_skipped(host: str, path: str, method: str) -> None:
    (answer,) = answers(to_call_logs, record(host=host, path=path, method=method))
    assert isinstance(answer, Skipped)


def test_a_poll_counts_only_when_it_states_the_usage() -> None:
    silent = {"id": "run_0123456789ab", "status": "completed"}
    path = "/v1/threads/thread_1/runs/run_0123456789ab"
    (answer,) = answers(to_call_logs, record(method="GET", path=path, response=silent))
    assert isinstance(answer, Skipped)
    (answer,) = answers(to_call_logs, record(method="GET", path=path))
    assert isinstance(answer, dict)
    running = silent | {"status": "in_progress"}
    (answer,) = answers(to_call_logs, record(path=path, response=running))
    assert answer == Skipped("not_finished")


@pytest.mark.parametrize(
    "more",
    [
        {"host": "localhost:8000"},
        {"host": "127.0.0.1:11434"},
        {"host": "test-resource.openai.azure.com"},
        {"host": "llm.example.com"},
        {"suspect_reason": "hand-written token counts"},
    ],
)
def test_suspect_sources_are_rejected(more: dict[str, Any]) -> None:
    (answer,) = answers(to_call_logs, record(**more))
    assert isinstance(answer, Rejected)
    assert answer.reason == "suspect_source"


def test_a_blanked_response_id_identifies_nothing() -> None:
    body = record()["response"] | {"id": "resp_01000000000000000000000000"}
    first = log_of(response=body, cassette="a.yaml", interaction=0)
    second = log_of(response=body, cassette="a.yaml", interaction=1)
    assert first["event_id"] != second["event_id"]
    assert "event_id" not in log_of(response=body)


# --------------------------------------------------------------------------- all recordings

MERGED_BY_THE_RECORDER = {
    "candidatesTokenCount": 21, "promptTokenCount": 87, "thoughtsTokenCount": 78,
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 87}], "totalTokenCount": 165,
}  # fmt: skip


def _total(usage: dict[str, Any]) -> int | None:
    """The provider's own sum, or the sum of Anthropic's four classes: no code of ours."""
    for name in ("total_tokens", "totalTokenCount", "totalTokens"):
        if name in usage:
            return int(usage[name])
    if "input_tokens" in usage and "output_tokens" in usage:
        names = ("input_tokens", "output_tokens", "cache_read_input_tokens",
                 "cache_creation_input_tokens")  # fmt: skip
        return sum(int(usage.get(name) or 0) for name in names)
    return None


def _landed(recorded: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], Counter[str]]:
    found = answers(to_call_logs, *recorded)
    assert len(found) == len(recorded)
    logs = [answer for answer in found if isinstance(answer, dict)]
    others = Counter(a.reason for a in found if not isinstance(a, dict))
    return logs, others


def _check_totals(logs: list[dict[str, Any]]) -> tuple[int, Counter[str]]:
    compared, statuses = 0, Counter[str]()
    for log, said in zip(logs, normalise(*logs), strict=True):
        assert "problem" not in said, (log, said)
        statuses[said["status"]] += 1
        usage = log.get("usage") or {}
        total = _total(usage)
        if total is not None:
            classes = ("uncached", "read", "write_5m", "write_1h", "output")
            ours = sum(said.get(name, 0) for name in classes)
            if log["provider"] == "openrouter" and ours != total:
                details = usage["prompt_tokens_details"]
                ours -= min(details["cached_tokens"], details["cache_write_tokens"])
            assert ours == total, (log, said)
            compared += 1
    return compared, statuses


def test_no_recorded_call_is_refused_and_all_agree_with_their_totals() -> None:
    logs, others = _landed(list(records("data", "recorded_api_calls", "calls.jsonl")))
    assert others == {"suspect_source": 105, "not_a_model_endpoint": 222, "not_finished": 181}
    compared, statuses = _check_totals(logs)
    assert (len(logs), compared) == (3130, 2916)
    assert statuses == {"reported": 2993, "missing": 103, "estimated": 28, "partial": 6}


def test_the_flat_recordings_land_every_unsuspicious_usage() -> None:
    table = pq.read_table(shared("data", "recorded_api_calls", "calls.parquet"))
    flat = [{k: v for k, v in row.items() if v is not None} for row in table.to_pylist()]
    logs, others = _landed(flat)
    assert others == {"suspect_source": 119, "not_a_model_endpoint": 222, "not_a_model_call": 151}
    # neither runs a model: a vector search and a content filter
    no_model = ("/query", "/guardrail/")
    stated = [
        row for row in flat
        if "usage_json" in row and "suspect_reason" not in row
        and not row["path"].startswith(no_model)
    ]  # fmt: skip
    bodies = [log for log in logs if "usage" in log]
    header_only = [log for log in bodies if set(log["usage"]) <= {
        "inputTokens", "outputTokens", "cacheReadInputTokens", "cacheWriteInputTokens"
    } and all(isinstance(value, str) for value in log["usage"].values())]  # fmt: skip
    assert len(bodies) - len(header_only) == len(stated)
    # the flat table merged one Gemini stream key by key: its parts no longer make its total
    merged = [log for log in logs if log.get("usage") == MERGED_BY_THE_RECORDER]
    assert [said["problem"] for said in normalise(*merged)] == ["contradictory_buckets"]
    compared, statuses = _check_totals([log for log in logs if log not in merged])
    assert compared == 2901
    assert statuses == {"reported": 2982, "missing": 133, "estimated": 24, "partial": 6}


def test_one_response_id_states_one_usage() -> None:
    logs, _ = _landed(list(records("data", "recorded_api_calls", "calls.jsonl")))
    stated: dict[str, set[str]] = {}
    for log in logs:
        if log["event_id"].startswith("response:") and log.get("usage"):
            stated.setdefault(log["event_id"], set()).add(json.dumps(log["usage"], sort_keys=True))
    assert [event for event, usages in stated.items() if len(usages) > 1] == []
