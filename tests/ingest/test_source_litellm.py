"""LiteLLM rows and payloads: cache inside the prompt, spend kept but not believed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.sources import Skipped
from ingest.sources.litellm import to_call_logs
from tests.support.usage import answers, fixture, logs_of, normalise

CLAUDE = {"uncached": 6, "read": 20443, "write_5m": 574, "output": 489, "status": "estimated",
          "dialect": "openai_chat"}  # fmt: skip
GPT = {"uncached": 180, "read": 3840, "write_5m": 0, "output": 4, "reasoning": 0,
       "status": "reported", "dialect": "openai_chat"}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "classes", "cost"),
    [
        ("spend_logs_row_anthropic_cached.json", CLAUDE, 0.0156384),
        ("standard_logging_payload_anthropic_cached.json", CLAUDE, 0.0156384),
        ("spend_logs_row_openai_cached.json", GPT, 0.0003174),
        ("standard_logging_payload_openai_cached.json", GPT, 0.0003174),
    ],
)
def test_recorded_fixture(name: str, classes: dict[str, Any], cost: float) -> None:
    (log,) = logs_of(to_call_logs, fixture("litellm", name))
    assert normalise(log) == [classes]
    assert (log["feature"], log["environment"], log["outcome"]) == ("copilot", "prod", "success")
    assert (log["cost_usd"], log["cache_hit"]) == (cost, False)
    assert "content" not in json.dumps(log)


def test_a_row_and_a_payload_of_one_call_are_one_event() -> None:
    for vendor in ("anthropic", "openai"):
        events = {
            logs_of(to_call_logs, fixture("litellm", f"{kind}_{vendor}_cached.json"))[0]["event_id"]
            for kind in ("spend_logs_row", "standard_logging_payload")
        }
        assert len(events) == 1


def test_a_rate_limited_call_has_no_counts_rather_than_zeros() -> None:
    (log,) = logs_of(to_call_logs, fixture("litellm", "standard_logging_payload_rate_limited.json"))
    assert (log["outcome"], log["http_status"]) == ("rate_limited", 429)
    assert (log["provider"], log["latency_ms"]) == ("openai", 24)
    assert normalise(log) == [{"status": "missing", "dialect": "flat"}]
    assert "mock rate limit" not in json.dumps(log)


def row(**more: Any) -> dict[str, Any]:
    plain = {
        "request_id": "chatcmpl-1",
        "litellm_call_id": "c-1",
        "call_type": "acompletion",
        "model": "gpt-5",
        "model_group": "smart",
        "custom_llm_provider": "openai",
        "startTime": "2026-11-21 02:14:08.500000",
        "endTime": "2026-11-21 02:14:09.000000",
        "completionStartTime": "2026-11-21 02:14:08.700000",
        "prompt_tokens": 10,
        "completion_tokens": 2,
        "total_tokens": 12,
        "cache_hit": "None",
        "status": "success",
        "metadata": "{}",
    }
    return plain | more


def one(**more: Any) -> dict[str, Any]:
    (log,) = logs_of(to_call_logs, row(**more))
    return log


def test_rows_without_a_usage_object_keep_their_three_counts() -> None:
    (said,) = normalise(one())
    assert said == {"uncached": 10, "output": 2, "status": "reported", "dialect": "litellm"}


def test_times_are_utc_and_milliseconds() -> None:
    log = one()
    assert log["timestamp"] == "2026-11-21T02:14:08.500000Z"
    assert (log["latency_ms"], log["time_to_first_token_ms"]) == (500, 200)
    assert "time_to_first_token_ms" not in one(completionStartTime=row()["endTime"])


def test_who_and_for_what() -> None:
    metadata = {"user_api_key_team_alias": "core", "attempted_fallbacks": 1,
                "spend_logs_metadata": {"tenant_id": "acme", "colour": "red"},
                "trace_id": "t-1"}  # fmt: skip
    log = one(metadata=json.dumps(metadata), request_tags=["workflow:triage", "beta"],
              end_user="u9", api_key="hash", session_id="s-1")  # fmt: skip
    assert (log["tenant_id"], log["team"], log["workflow_id"]) == ("acme", "core", "triage")
    assert (log["user_id"], log["api_key_id"], log["session_id"]) == ("u9", "hash", "s-1")
    assert (log["trace_id"], log["is_fallback"], log["requested_model"]) == ("t-1", True, "smart")
    assert log["tags"] == {"beta": "true", "colour": "red"}


def test_our_cache_hit_is_its_own_event() -> None:
    log = one(cache_hit="True")
    assert log["cache_hit"] is True
    assert log["event_id"] != one()["event_id"]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ({"error_code": "408"}, "timeout"),
        ({"error_class": "Timeout"}, "timeout"),
        ({"error_class": "RateLimitError"}, "rate_limited"),
        ({"error_code": "500"}, "error"),
    ],
)
def test_failures_inside_metadata(error: dict[str, str], outcome: str) -> None:
    metadata = json.dumps({"status": "failure", "error_information": error})
    assert one(status="failure", metadata=metadata)["outcome"] == outcome


def test_the_operation_is_told_by_the_call_type() -> None:
    assert one(call_type="aembedding")["operation"] == "embeddings"
    assert one(call_type="arerank")["operation"] == "rerank"
    assert one(call_type="image_generation")["operation"] == "image"


@pytest.mark.parametrize(
    "more", [{"call_type": "call_mcp_tool", "mcp_namespaced_tool_name": "jira/search"},
             {"call_type": "alist_files"}, {"call_type": "avector_store_search"}],
)  # fmt: skip
def test_rows_that_are_no_model_call(more: dict[str, Any]) -> None:
    (answer,) = answers(to_call_logs, row(**more))
    assert isinstance(answer, Skipped)


def test_what_only_some_rows_say() -> None:
    breakdown = json.dumps({"cost_breakdown": {"service_tier": "flex"}})
    assert one(metadata=breakdown)["service_tier"] == "flex"
    assert one(call_type="acreate_batch_completion")["is_batch"] is True
    assert one(custom_llm_provider=None, model="groq/llama-4")["provider"] == "groq"
    assert "provider" not in one(custom_llm_provider=None, model="llama-4")
    failed = one(status="failure", litellm_call_id=None, metadata="{}")
    assert failed["event_id"] == "litellm:chatcmpl-1"
    assert "http_status" not in failed
