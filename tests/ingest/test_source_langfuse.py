"""Langfuse observations: which details were taken out of `input`, and which were not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.sources import Rejected, Skipped
from ingest.sources.langfuse import to_call_logs
from tests.support.usage import answers, fixture, logs_of, normalise

FIXTURES: dict[str, dict[str, Any]] = {
    "usage_details_from_recorded_chat_cached.json": {
        "uncached": 8, "read": 4012, "write_5m": 0, "output": 4, "reasoning": 0, "audio_in": 0,
        "audio_out": 0,
    },
    "usage_details_from_recorded_responses_cache_write.json": {
        "uncached": 4158, "read": 0, "write_5m": 4418, "output": 52, "reasoning": 32,
    },
    "usage_details_from_recorded_responses_cached_reasoning.json": {
        "uncached": 23726, "read": 92160, "output": 1720, "reasoning": 1472,
    },
}  # fmt: skip


def row(**more: Any) -> dict[str, Any]:
    plain = {
        "id": "obs-1",
        "trace_id": "tr-1",
        "type": "GENERATION",
        "start_time": "2026-11-21 02:14:08.500000",
        "end_time": "2026-11-21 02:14:09.000000",
        "updated_at": "2026-11-21T03:00:00.000Z",
        "provided_model_name": "gpt-5",
        "usage_details": {"input": 10, "output": 2, "total": 12},
        "level": "DEFAULT",
        "input": "a prompt",
        "output": "an answer",
    }
    return plain | more


def one(**more: Any) -> dict[str, Any]:
    (log,) = logs_of(to_call_logs, row(**more))
    return log


def said(details: Any, model: str = "gpt-5") -> dict[str, Any]:
    (classes,) = normalise(one(usage_details=details, provided_model_name=model))
    assert classes.pop("dialect") == "langfuse"
    return classes


@pytest.mark.parametrize("name", FIXTURES)
@pytest.mark.parametrize("as_text", [False, True])
def test_recorded_fixture(name: str, as_text: bool) -> None:
    details = fixture("langfuse", name)["usage_details"]
    assert said(json.dumps(details) if as_text else details) == FIXTURES[name] | {
        "status": "reported"
    }


def test_details_stand_beside_an_exclusive_input() -> None:
    details = {"input": 6, "cache_read_input_tokens": 100, "output": 5, "total": 111}
    assert said(details, "claude-x") == {"uncached": 6, "read": 100, "output": 5,
                                         "status": "reported"}  # fmt: skip
    del details["total"]
    assert said(details, "claude-x")["uncached"] == 6


def test_details_lie_inside_an_inclusive_input() -> None:
    details = {"input": 106, "cache_read_input_tokens": 100, "output": 5, "total": 111}
    assert said(details)["uncached"] == 6


def test_details_that_make_no_total_are_refused() -> None:
    details = {"input": 0, "input_cached_tokens": 60, "input_cache_write_tokens": 60,
               "output": 5, "total": 70}  # fmt: skip
    assert said(details)["problem"] == "contradictory_buckets"


def test_cache_writes_with_and_without_a_split() -> None:
    unsplit = {"input": 6, "cache_creation_input_tokens": 30, "output": 5}
    classes = said(unsplit, "claude-x")
    assert (classes["write_5m"], classes["status"]) == (30, "estimated")
    split = {"input": 6, "input_cache_creation_5m": 10, "input_cache_creation_1h": 20, "output": 5}
    classes = said(split, "claude-x")
    assert (classes["write_5m"], classes["write_1h"], classes["status"]) == (10, 20, "reported")
    assert classes["uncached"] == 6


def test_audio_is_part_of_the_input() -> None:
    details = {"input": 10, "input_audio_tokens": 5, "output": 2, "output_audio_tokens": 1,
               "total": 18}  # fmt: skip
    classes = said(details)
    assert (classes["uncached"], classes["audio_in"]) == (15, 5)
    assert (classes["output"], classes["audio_out"]) == (3, 1)


def test_a_wrong_typed_count_is_rejected() -> None:
    (answer,) = answers(to_call_logs, row(usage_details={"input": "ten", "output": 2}))
    assert answer == Rejected("wrong_type", "usage_details.input", "ten")


def test_a_generation_without_usage_is_missing() -> None:
    assert said({}) == {"status": "missing"}


def test_columns() -> None:
    log = one(
        environment="prod", session_id="s", user_id="u", release="r7", prompt_name="triage",
        prompt_version=3, total_cost="0.0123", latency=1.5, time_to_first_token=0.25,
        metadata='{"tenant_id": "acme", "colour": "red", "ls_provider": "azure"}',
        tags='["feature:copilot"]',
    )  # fmt: skip
    assert (log["event_id"], log["trace_id"]) == ("langfuse:obs-1", "tr-1")
    assert log["timestamp"] == "2026-11-21T02:14:08.500000Z"
    assert log["observed_at"] == "2026-11-21T03:00:00.000Z"
    assert (log["latency_ms"], log["time_to_first_token_ms"]) == (1500, 250)
    assert (log["environment"], log["session_id"], log["user_id"]) == ("prod", "s", "u")
    assert (log["deploy_version"], log["prompt_version"]) == ("r7", "triage@3")
    assert (log["tenant_id"], log["feature"], log["provider"]) == ("acme", "copilot", "azure")
    assert log["cost_usd"] == "0.0123"
    assert "prompt" not in json.dumps(log).replace("prompt_version", "")
    assert "answer" not in json.dumps(log)


@pytest.mark.parametrize(
    ("model", "provider"),
    [("gpt-5", "openai"), ("claude-x", "anthropic"), ("gemini-3", "google"), ("odd", "unknown")],
)
def test_the_provider_is_guessed_only_from_the_model_s_name(model: str, provider: str) -> None:
    assert one(provided_model_name=model)["provider"] == provider


@pytest.mark.parametrize(
    ("message", "outcome"),
    [("429 Too Many Requests", "rate_limited"), ("Request timed out", "timeout"), ("x", "error")],
)
def test_failures(message: str, outcome: str) -> None:
    log = one(level="ERROR", status_message=message, usage_details={})
    assert log["outcome"] == outcome
    assert message not in json.dumps(log)


@pytest.mark.parametrize("kind", ["SPAN", "EVENT", "TOOL", "AGENT", ""])
def test_other_observations_are_no_calls(kind: str) -> None:
    assert answers(to_call_logs, row(type=kind)) == [Skipped("not_a_generation")]


def test_embeddings_need_no_output() -> None:
    (classes,) = normalise(one(type="EMBEDDING", usage_details={"input": 7, "total": 7}))
    assert (classes["uncached"], classes["status"]) == (7, "reported")


def test_what_only_some_rows_say() -> None:
    log = one(id=None, tags=["beta"], latency="soon", time_to_first_token="", end_time=None)
    assert log["tags"] == {"beta": "true"}
    assert not {"event_id", "latency_ms", "time_to_first_token_ms", "prompt_version"} & set(log)
    assert "uncached" not in said({"output": 2, "total": 2})


def test_a_split_may_name_one_lifetime_only() -> None:
    details = {"input": 6, "input_cache_creation_1h": 20, "cache_creation_input_tokens": 0,
               "output": 5}  # fmt: skip
    classes = said(details, "claude-x")
    assert classes["write_1h"] == 20
    assert "write_5m" not in classes or classes["write_5m"] == 0
