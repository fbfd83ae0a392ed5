"""Every dialect's token meanings, by hand: what is inside what, what is NULL, what is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.support.usage import normalise, normalise_components

OPENAI = {"provider": "openai", "model": "gpt-5"}
CLAUDE = {"provider": "anthropic", "model": "claude-sonnet-4-5"}


def one(**log: Any) -> dict[str, Any]:
    (said,) = normalise({"provider": "acme", "model": "m", **log})
    return said


def classes(**log: Any) -> dict[str, Any]:
    said = one(**log)
    return {key: value for key, value in said.items() if key not in ("dialect", "status")}


# --------------------------------------------------------------------------- flat counts


def test_flat_input_includes_cache_and_output_includes_reasoning() -> None:
    assert one(
        input_tokens=1000,
        cached_input_tokens=300,
        cache_write_5m_tokens=50,
        cache_write_1h_tokens=20,
        output_tokens=200,
        reasoning_tokens=150,
        total_tokens=1200,
    ) == {
        "uncached": 630,
        "read": 300,
        "write_5m": 50,
        "write_1h": 20,
        "output": 200,
        "reasoning": 150,
        "status": "reported",
        "dialect": "flat",
    }


def test_a_single_written_token_is_taken_out_of_the_input() -> None:
    assert one(input_tokens=10, cache_write_5m_tokens=1, output_tokens=1)["uncached"] == 9
    assert one(input_tokens=10, cache_write_1h_tokens=1, output_tokens=1)["uncached"] == 9


def test_what_a_flat_log_does_not_say_is_null_not_zero() -> None:
    assert classes(input_tokens=10, output_tokens=5) == {"uncached": 10, "output": 5}


def test_a_chat_call_without_output_is_partial_an_embedding_is_not() -> None:
    assert one(input_tokens=10)["status"] == "partial"
    assert one(input_tokens=10, operation="embeddings")["status"] == "reported"
    assert one(total_tokens=10, operation="rerank")["uncached"] == 10


def test_units_other_than_tokens() -> None:
    assert classes(
        images=2,
        audio_seconds="12.5",
        search_units=3,
        web_search_requests=4,
        code_execution_sessions=1,
        provider_cost_usd="0.0125",
    ) == {
        "images": 2,
        "seconds": Decimal("12.5"),
        "units": 3,
        "searches": 4,
        "code": 1,
        "paid": Decimal("0.0125"),
    }


def test_flat_audio_is_a_subset_with_the_cached_part_taken_out() -> None:
    said = one(
        input_tokens=100,
        cached_input_tokens=40,
        output_tokens=30,
        input_audio_tokens=50,
        cached_input_audio_tokens=20,
        output_audio_tokens=10,
    )
    assert (said["uncached"], said["read"]) == (60, 40)
    assert (said["audio_in"], said["audio_read"], said["audio_out"]) == (30, 20, 10)


# --------------------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    "text", ["12.7", "1e3", "0x10", " 12 ", "12abc", "true", "+5", "1_000", "", "{}"]
)
def test_a_count_must_survive_exactly(text: str) -> None:
    said = one(input_tokens=text, output_tokens=3)
    assert (said["problem"], said["field"]) == ("wrong_type", "input_tokens")


@pytest.mark.parametrize(("text", "count"), [("12", 12), ("12.0", 12), ("0", 0)])
def test_integers_and_integral_floats_are_counts(text: str, count: int) -> None:
    said = one(input_tokens=text, output_tokens=3)
    assert "problem" not in said
    assert said["uncached"] == count


def test_bad_numbers_inside_a_usage_object_are_found_too() -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": "many", "total_tokens": 10}
    said = one(usage=usage)
    assert (said["problem"], said["field"]) == ("wrong_type", "output_tokens")
    said = one(usage={"prompt_tokens": True, "completion_tokens": 3})
    assert (said["problem"], said["field"]) == ("wrong_type", "input_tokens")


def test_the_first_field_at_fault_is_named() -> None:
    assert one(input_tokens=1, output_tokens=-4)["field"] == "output_tokens"
    assert one(input_tokens=1, output_tokens=-4)["problem"] == "negative_count"
    absurd = one(input_tokens=2_000_000_001, output_tokens=1)
    assert (absurd["problem"], absurd["field"]) == ("absurd_count", "input_tokens")
    assert "problem" not in one(input_tokens=2_000_000_000, output_tokens=1)
    assert one(audio_seconds="-1")["problem"] == "negative_count"
    assert one(audio_seconds="long", input_tokens=1)["field"] == "audio_seconds"
    assert one(provider_cost_usd="cheap", input_tokens=1)["field"] == "provider_cost_usd"


# --------------------------------------------------------------------------- contradictions


@pytest.mark.parametrize(
    "log",
    [
        {"input_tokens": 10, "output_tokens": 5, "total_tokens": 16},
        {"input_tokens": 10, "cached_input_tokens": 11, "output_tokens": 1},
        {"usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 14}},
        {"usage": {"promptTokenCount": 4, "candidatesTokenCount": 2, "totalTokenCount": 7}},
        {"usage": {"inputTokens": 4, "outputTokens": 2, "totalTokens": 7,
                   "cacheReadInputTokens": 2}},
        {"usage": {"input_tokens": 1, "output_tokens": 1, "cache_creation_input_tokens": 9,
                   "cache_creation": {"ephemeral_5m_input_tokens": 4,
                                      "ephemeral_1h_input_tokens": 4}}},
        {"usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15,
                   "prompt_tokens_details": {"cached_tokens": 11}}},
        {"usage": {"promptTokenCount": 4, "cachedContentTokenCount": 5, "totalTokenCount": 4}},
    ],
)  # fmt: skip
def test_buckets_that_contradict_are_refused(log: dict[str, Any]) -> None:
    assert one(**log)["problem"] == "contradictory_buckets"


# --------------------------------------------------------------------------- no usage


def test_a_successful_call_must_say_its_usage() -> None:
    assert one()["problem"] == "missing_usage"
    assert one(usage_status="reported")["problem"] == "missing_usage"
    assert one(usage={})["problem"] == "missing_usage"
    assert one(usage={"tokens_of_a_new_dialect": 5})["problem"] == "missing_usage"


@pytest.mark.parametrize(
    "log",
    [
        {"outcome": "error"},
        {"outcome": "rate_limited"},
        {"http_status": 503},
        {"outcome": "aborted"},
        {"cache_hit": "true"},
        {"usage_status": "missing"},
        {"usage": {"trafficType": "ON_DEMAND"}},
    ],
)
def test_what_may_be_silent_is_missing_not_zero(log: dict[str, Any]) -> None:
    said = one(**log)
    assert said.pop("status") == "missing"
    assert set(said) <= {"dialect", "tier"}


def test_a_failed_call_that_was_counted_keeps_its_counts() -> None:
    assert one(outcome="error", input_tokens=7, output_tokens=0)["uncached"] == 7


def test_an_aborted_call_is_partial_unless_its_end_was_seen() -> None:
    log = {"outcome": "aborted", "input_tokens": 7, "output_tokens": 2}
    assert one(**log)["status"] == "partial"
    assert one(**log, is_final="true")["status"] == "reported"


def test_an_unreadable_usage_object_is_refused() -> None:
    for text in ("{bad", "none", "[1]", '"x"'):
        said = one(usage=text)
        assert (said["problem"], said["field"]) == ("wrong_type", "usage")


# --------------------------------------------------------------------------- OpenAI and its like


def test_openai_details_are_inside_and_absent_details_are_zero() -> None:
    assert classes(
        **OPENAI,
        usage={
            "prompt_tokens": 100,
            "completion_tokens": 50,
            "total_tokens": 150,
            "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 10},
            "completion_tokens_details": {"reasoning_tokens": 20, "audio_tokens": 5},
        },
        service_tier="default",
    ) == {
        "uncached": 30,
        "read": 60,
        "write_5m": 10,
        "output": 50,
        "reasoning": 20,
        "audio_out": 5,
        "tier": "standard",
    }


def test_a_look_alike_without_details_does_not_speak_of_cache() -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    assert classes(provider="groq", usage=usage) == {"uncached": 10, "output": 5}
    assert classes(provider="openai", usage=usage)["read"] == 0


def test_camel_case_keys_mean_the_same() -> None:
    said = classes(
        **OPENAI,
        usage={
            "promptTokens": 100,
            "completionTokens": 50,
            "totalTokens": 150,
            "promptTokensDetails": {"cachedTokens": 60},
            "completionTokensDetails": {"reasoningTokens": 20},
        },
    )
    assert (said["uncached"], said["read"], said["output"]) == (40, 60, 50)
    assert said["reasoning"] == 20
    said = classes(
        **OPENAI,
        usage={
            "inputTokens": 100,
            "outputTokens": 50,
            "totalTokens": 150,
            "inputTokensDetails": {"cachedTokens": 60},
            "outputTokensDetails": {"reasoningTokens": 20},
        },
    )
    assert (said["uncached"], said["read"], said["reasoning"]) == (40, 60, 20)


def test_xai_counts_reasoning_beside_the_completion() -> None:
    said = classes(
        provider="x-ai",
        usage={
            "prompt_tokens": 32,
            "completion_tokens": 9,
            "total_tokens": 235,
            "completion_tokens_details": {"reasoning_tokens": 194},
        },
    )
    assert (said["uncached"], said["output"], said["reasoning"]) == (32, 203, 194)


def test_only_google_may_hide_thoughts_in_the_total() -> None:
    usage = {"prompt_tokens": 35, "completion_tokens": 12, "total_tokens": 109}
    google = one(provider="gemini", usage=usage)
    assert (google["uncached"], google["output"], google["reasoning"]) == (35, 74, 62)
    assert one(provider="openai", usage=usage)["problem"] == "contradictory_buckets"


def test_deepseek_cache_hits() -> None:
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 5,
        "total_tokens": 105,
        "prompt_cache_hit_tokens": 64,
        "prompt_cache_miss_tokens": 36,
    }
    said = classes(provider="deepseek", usage=usage)
    assert (said["uncached"], said["read"]) == (36, 64)


def test_transcription_by_tokens_or_by_duration() -> None:
    tokens = {
        "type": "tokens",
        "input_tokens": 14,
        "input_token_details": {"text_tokens": 0, "audio_tokens": 14},
        "output_tokens": 45,
        "total_tokens": 59,
    }
    said = classes(**OPENAI, usage=tokens)
    assert (said["uncached"], said["audio_in"], said["output"]) == (14, 14, 45)
    assert classes(**OPENAI, usage={"type": "duration", "seconds": 9}) == {"seconds": Decimal(9)}


def test_an_answer_of_nothing_is_zero_where_the_total_says_so() -> None:
    said = classes(**OPENAI, usage={"input_tokens": 5, "total_tokens": 5})
    assert (said["uncached"], said["output"]) == (5, 0)
    assert one(input_tokens=5, total_tokens=5)["status"] == "partial"


def test_image_tokens_and_image_count_stand_together() -> None:
    usage = {"input_tokens": 50, "output_tokens": 4160, "total_tokens": 4210,
             "input_tokens_details": {"text_tokens": 10, "image_tokens": 40}}  # fmt: skip
    said = classes(**OPENAI, operation="image", images=1, usage=usage)
    assert (said["uncached"], said["output"], said["images"]) == (50, 4160, 1)


def test_a_total_alone_is_input_only_where_nothing_is_generated() -> None:
    assert one(provider="voyageai", operation="embeddings", usage={"total_tokens": 7}) == {
        "uncached": 7,
        "status": "reported",
        "dialect": "total_only",
    }
    said = one(usage={"total_tokens": 7}, operation="chat")
    assert said == {"status": "partial", "dialect": "total_only"}


# --------------------------------------------------------------------------- OpenRouter


def test_openrouter_cost_is_what_the_provider_charged() -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, "cost": 9.78e-05}
    assert classes(provider="openrouter", usage=usage)["paid"] == Decimal("0.0000978")
    assert "paid" not in classes(provider="openai", usage=usage)


def test_on_an_own_key_the_upstream_charge_is_part_of_the_cost() -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, "cost": 0.001,
             "is_byok": True, "cost_details": {"upstream_inference_cost": 0.02}}  # fmt: skip
    assert classes(provider="openrouter", usage=usage)["paid"] == Decimal("0.021")
    usage["cost_details"] = {"upstream_inference_cost": None}
    assert "paid" not in classes(provider="openrouter", usage=usage)


def test_openrouter_may_charge_the_same_tokens_as_read_and_written() -> None:
    usage = {"prompt_tokens": 2168, "completion_tokens": 4, "total_tokens": 2172,
             "prompt_tokens_details": {"cached_tokens": 2161,
                                       "cache_write_tokens": 2161}}  # fmt: skip
    said = one(provider="openrouter", usage=usage)
    assert (said["uncached"], said["read"], said["write_5m"]) == (7, 2161, 2161)
    assert one(provider="openai", usage=usage)["problem"] == "contradictory_buckets"


def test_reasoning_above_the_completion_is_not_usable() -> None:
    usage = {"prompt_tokens": 43, "completion_tokens": 10, "total_tokens": 53,
             "completion_tokens_details": {"reasoning_tokens": 11}}  # fmt: skip
    said = one(provider="openrouter", usage=usage)
    assert "reasoning" not in said
    assert (said["output"], said["status"]) == (10, "partial")


# --------------------------------------------------------------------------- Anthropic


def test_anthropic_cache_is_beside_the_input() -> None:
    assert classes(
        **CLAUDE,
        usage={
            "input_tokens": 6,
            "cache_read_input_tokens": 100,
            "cache_creation_input_tokens": 30,
            "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
            "output_tokens": 50,
            "output_tokens_details": {"thinking_tokens": 40},
            "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 9},
            "service_tier": "batch",
            "speed": "fast",
            "inference_geo": "us",
        },
    ) == {
        "uncached": 6,
        "read": 100,
        "write_5m": 10,
        "write_1h": 20,
        "output": 50,
        "reasoning": 40,
        "searches": 2,
        "tier": "batch",
        "speed": "fast",
        "geo": "us",
    }


def test_anthropic_says_a_class_by_leaving_it_out() -> None:
    said = classes(**CLAUDE, usage={"input_tokens": 6, "output_tokens": 5})
    assert said == {"uncached": 6, "read": 0, "write_5m": 0, "write_1h": 0, "output": 5,
                    "searches": 0}  # fmt: skip


def test_an_unsplit_write_is_estimated_only_where_there_are_two_rates() -> None:
    usage = {"input_tokens": 6, "output_tokens": 5, "cache_creation_input_tokens": 30}
    said = one(**CLAUDE, usage=usage)
    assert (said["write_5m"], said["status"]) == (30, "estimated")
    assert "write_1h" not in said
    nova = {"inputTokens": 22, "outputTokens": 13, "totalTokens": 2527,
            "cacheWriteInputTokens": 2492}  # fmt: skip
    said = one(provider="bedrock", model="amazon.nova-lite-v1:0", usage=nova)
    assert (said["write_5m"], said["status"]) == (2492, "reported")


@pytest.mark.parametrize("model", ["us.anthropic.next", "claude-next"])
def test_the_anthropic_family_is_told_by_its_name(model: str) -> None:
    usage = {"inputTokens": 2, "outputTokens": 1, "cacheWriteInputTokens": 1}
    assert one(provider="bedrock", model=model, usage=usage)["status"] == "estimated"


def test_litellm_restates_anthropic_with_the_cache_inside() -> None:
    usage = {
        "prompt_tokens": 21023,
        "completion_tokens": 489,
        "total_tokens": 21512,
        "prompt_tokens_details": {"cached_tokens": 20443, "cache_creation_tokens": 574},
        "cache_read_input_tokens": 20443,
        "cache_creation_input_tokens": 574,
    }
    said = one(**CLAUDE, usage=usage)
    assert (said["uncached"], said["read"], said["write_5m"]) == (6, 20443, 574)
    assert said["status"] == "estimated"


def test_a_total_proves_that_a_gateway_left_cache_beside_the_prompt() -> None:
    usage = {"prompt_tokens": 50, "completion_tokens": 5, "total_tokens": 95,
             "cache_read_input_tokens": 40}  # fmt: skip
    said = one(provider="gateway", model="claude-x", usage=usage)
    assert (said["uncached"], said["read"]) == (50, 40)


def test_a_message_start_alone_is_partial() -> None:
    assert one(**CLAUDE, usage={"input_tokens": 6, "cache_read_input_tokens": 1})["status"] == (
        "partial"
    )


# --------------------------------------------------------------------------- Google


def test_gemini_thoughts_and_tool_prompts_are_extra() -> None:
    said = classes(
        provider="gemini",
        model="gemini-2.5-flash",
        usage={
            "promptTokenCount": 100,
            "cachedContentTokenCount": 60,
            "toolUsePromptTokenCount": 7,
            "candidatesTokenCount": 20,
            "thoughtsTokenCount": 30,
            "totalTokenCount": 157,
            "promptTokensDetails": [
                {"modality": "TEXT", "tokenCount": 50},
                {"modality": "AUDIO", "tokenCount": 50},
            ],
            "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 45}],
            "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 3}],
        },
    )
    assert said == {
        "uncached": 47,
        "read": 60,
        "output": 50,
        "reasoning": 30,
        "audio_in": 5,
        "audio_read": 45,
        "audio_out": 3,
    }


def test_gemini_in_snake_case_and_with_enum_numbers() -> None:
    said = classes(
        provider="google",
        usage={
            "prompt_token_count": 74,
            "candidates_token_count": 16,
            "thoughts_token_count": 200,
            "total_token_count": 290,
            "traffic_type": 1,
        },
    )
    assert (said["uncached"], said["output"], said["tier"]) == (74, 216, "standard")


@pytest.mark.parametrize(
    ("traffic", "tier"),
    [
        ("ON_DEMAND", "standard"),
        ("ON_DEMAND_PRIORITY", "priority"),
        ("ON_DEMAND_FLEX", "flex"),
        ("ON_DEMAND_OFFPEAK", "offpeak"),
        ("PROVISIONED_THROUGHPUT", "provisioned_throughput"),
    ],
)
def test_vertex_traffic_type_is_the_tier(traffic: str, tier: str) -> None:
    usage = {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}
    assert one(provider="gcp.vertex_ai", usage=usage | {"trafficType": traffic})["tier"] == tier


def test_gemini_interactions() -> None:
    usage = {"total_input_tokens": 9, "total_cached_tokens": 4, "total_output_tokens": 13,
             "total_thought_tokens": 207, "total_tool_use_tokens": 2,
             "total_tokens": 231}  # fmt: skip
    said = classes(provider="gemini", usage=usage)
    assert said == {"uncached": 7, "read": 4, "output": 220, "reasoning": 207}


def test_gemini_cache_creation_states_only_a_total() -> None:
    said = one(provider="gemini", operation="cache_create", usage={"totalTokenCount": 900})
    assert said["uncached"] == 900


# --------------------------------------------------------------------------- AWS, Cohere


def test_bedrock_converse_cache_is_beside_and_split_by_ttl() -> None:
    said = classes(
        provider="bedrock",
        model="us.anthropic.claude-sonnet-4-5",
        usage={
            "inputTokens": 3,
            "outputTokens": 10,
            "cacheReadInputTokens": 100,
            "cacheWriteInputTokens": 30,
            "cacheDetails": [
                {"ttl": "1h", "inputTokens": 20},
                {"ttl": "5m", "inputTokens": 10},
            ],
            "totalTokens": 143,
        },
    )
    assert said == {"uncached": 3, "read": 100, "write_5m": 10, "write_1h": 20, "output": 10}


def test_bedrock_total_may_be_input_and_output_only_as_documented() -> None:
    usage = {"inputTokens": 50, "outputTokens": 10, "cacheReadInputTokens": 20, "totalTokens": 60}
    said = one(provider="bedrock", model="amazon.nova-lite", usage=usage)
    assert (said["uncached"], said["read"]) == (50, 20)


@pytest.mark.parametrize(
    "wrap",
    [lambda u: {"billed_units": u}, lambda u: {"meta": {"billed_units": u}}, lambda u: u],
)
def test_cohere_bills_its_billed_units(wrap: Any) -> None:
    usage = wrap({"input_tokens": 41, "output_tokens": 25, "search_units": 2})
    usage |= {"tokens": {"input_tokens": 1441, "output_tokens": 54}, "cached_tokens": 144}
    said = classes(provider="cohere", usage=usage)
    assert said == {"uncached": 41, "output": 25, "units": 2}


def test_cohere_image_tokens_are_input_at_an_estimated_price() -> None:
    said = one(provider="cohere", usage={"billed_units": {"input_tokens": 2, "image_tokens": 1}})
    assert (said["uncached"], said["status"]) == (3, "estimated")


# --------------------------------------------------------------------------- tiers


@pytest.mark.parametrize(
    ("log", "tier"),
    [
        ({"service_tier": "default"}, "standard"),
        ({"service_tier": "Flex"}, "flex"),
        ({"service_tier": "fast"}, "priority"),
        ({"service_tier": "auto"}, None),
        ({}, None),
        ({"is_batch": "true"}, "batch"),
        ({"is_batch": "true", "service_tier": "default"}, "batch"),
    ],
)
def test_the_billed_tier(log: dict[str, Any], tier: str | None) -> None:
    assert one(input_tokens=1, output_tokens=1, **log).get("tier") == tier


def test_the_tier_of_the_usage_object_wins_over_the_one_asked_for() -> None:
    usage = {"input_tokens": 1, "output_tokens": 1, "service_tier": "standard"}
    assert one(**CLAUDE, usage=usage, service_tier="priority")["tier"] == "standard"


# --------------------------------------------------------------------------- iterations


def run(kind: str, tokens_in: int, tokens_out: int, **more: Any) -> dict[str, Any]:
    return {"type": kind, "input_tokens": tokens_in, "output_tokens": tokens_out, **more}


def iterated(tokens_in: int, tokens_out: int, *runs: dict[str, Any], **more: Any) -> Any:
    usage = {"input_tokens": tokens_in, "output_tokens": tokens_out, "iterations": list(runs)}
    return normalise_components({**CLAUDE, "usage": usage | more, "cost_usd": "1", "images": "3"})


def test_an_advisor_is_billed_on_its_own_model() -> None:
    (extra,) = iterated(
        2390,
        121,
        run("message", 1128, 110),
        run("advisor_message", 2518, 22, model="claude-opus-4-8"),
        run("message", 1262, 11),
        service_tier="batch",
        inference_geo="us",
    )
    assert (extra["uncached"], extra["output"]) == (2518, 22)
    assert (extra["model"], extra["index"]) == ("claude-opus-4-8", 1)
    assert (extra["tier"], extra["geo"], extra["status"]) == ("batch", "us", "reported")
    assert "images" not in extra


def test_a_compaction_is_billed_on_the_call_s_model() -> None:
    (extra,) = iterated(220, 8, run("compaction", 55196, 125), run("message", 220, 8))
    assert (extra["uncached"], extra["output"]) == (55196, 125)
    assert extra["model"] == "claude-sonnet-4-5"


def test_iterations_that_sum_to_the_call_are_inside_it() -> None:
    assert iterated(300, 30, run("message", 100, 10), run("message", 200, 20)) == []
    assert iterated(300, 30, run("compaction", 100, 10), run("message", 200, 20)) == []


def test_two_extra_runs_are_numbered_in_order() -> None:
    extra = iterated(
        5, 1, run("compaction", 9, 1), run("message", 5, 1), run("advisor_message", 7, 2)
    )
    assert [(e["index"], e["uncached"]) for e in extra] == [(1, 9), (2, 7)]


def test_a_fallback_that_answered_leaves_the_first_try_extra() -> None:
    (extra,) = iterated(
        50, 5, run("message", 40, 1, model="claude-opus-4-8"), run("fallback_message", 50, 5)
    )
    assert (extra["model"], extra["uncached"]) == ("claude-opus-4-8", 40)


def test_a_lone_extra_run_is_seen() -> None:
    (extra,) = iterated(5, 1, run("compaction", 100, 10))
    assert (extra["uncached"], extra["status"]) == (100, "estimated")
    assert iterated(5, 1) == []


def test_a_fallback_beside_messages_that_make_the_call_is_extra() -> None:
    (extra,) = iterated(40, 1, run("message", 40, 1), run("fallback_message", 40, 1, model="b"))
    assert extra["model"] == "b"


def test_runs_that_sum_to_nothing_are_estimated() -> None:
    (extra,) = iterated(999, 9, run("compaction", 100, 10), run("message", 200, 20))
    assert (extra["uncached"], extra["status"]) == (100, "estimated")


def test_no_iterations_no_components() -> None:
    usage = {"input_tokens": 5, "output_tokens": 1}
    assert normalise_components({**CLAUDE, "usage": usage}, {**CLAUDE, "input_tokens": 5}) == []
    assert normalise_components({**CLAUDE, "usage": usage | {"iterations": None}}) == []


# --------------------------------------------------------------------------- the query itself


def test_rows_and_columns_pass_through() -> None:
    logs = [{**OPENAI, "tenant_id": str(n), "input_tokens": n, "output_tokens": 1}
            for n in range(1, 6)]  # fmt: skip
    assert [said["uncached"] for said in normalise(*logs)] == [1, 2, 3, 4, 5]
