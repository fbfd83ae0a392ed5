"""LiteLLM's spend logs and standard logging payloads.

Data flow: rows of LiteLLM_SpendLogs, or callback payloads -> ``to_call_logs`` -> data/raw/calls.
Alone: ``python -m ingest litellm spend_logs.jsonl``.

LiteLLM restates every provider's usage in OpenAI's shape, cache reads and writes inside
``prompt_tokens`` for Anthropic too. Its ``spend`` (US dollars) is kept as what it believes, never
as the truth: versions are known to bill cached input at three times or at none of its price.
``Float`` columns and epoch seconds come from the source; latencies are milliseconds.
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
    instant,
    milliseconds,
    split_tags,
    tags_of,
)

_OPERATIONS = (
    ("embedding", "embeddings"),
    ("rerank", "rerank"),
    ("image", "image"),
    ("transcription", "audio"),
    ("speech", "audio"),
    ("moderation", "moderation"),
)
_NOT_CALLS = ("list", "get_", "retrieve", "delete", "cancel", "mcp", "health", "file", "vector_")


def to_call_logs(record: Mapping[str, Any]) -> Iterator[Answer]:
    """Maps one LiteLLM row or payload to its call log.

    Args:
        record: a spend-logs row (nested columns as JSON text or objects) or a payload.

    Yields:
        The call log, or why there is none.
    """
    call_type = str(record.get("call_type") or "").lower()
    bare = call_type.removeprefix("a")
    if record.get("mcp_namespaced_tool_name") or bare.startswith(_NOT_CALLS):
        yield Skipped("not_a_model_call")
        return
    metadata = as_map(record.get("metadata"))
    labels = split_tags(as_list(record.get("request_tags")))
    requester = as_map(metadata.get("requester_metadata"))
    spend_metadata = as_map(metadata.get("spend_logs_metadata"))
    answer = as_map(record.get("response"))
    outcome, status = _outcome(record, metadata)
    started = instant(record.get("startTime"))
    log: Log = context_of(labels, spend_metadata, requester) | given(
        {
            "timestamp": started,
            "provider": _provider(record),
            "model": record.get("model"),
            "requested_model": record.get("model_group"),
            "request_id": answer.get("id") or record.get("request_id") or record.get("id"),
            "operation": _operation(call_type),
            "api_key_id": record.get("api_key") or metadata.get("user_api_key_hash"),
            "service_tier": as_map(
                record.get("cost_breakdown") or metadata.get("cost_breakdown")
            ).get("service_tier"),
            "outcome": outcome,
            "http_status": status,
            "cache_hit": str(record.get("cache_hit")).lower() == "true",
            "is_streamed": record.get("stream"),
            "is_batch": "batch" in call_type or None,
            "is_fallback": bool(metadata.get("attempted_fallbacks")) or None,
            "latency_ms": record.get("request_duration_ms")
            or milliseconds(started, record.get("endTime")),
            "time_to_first_token_ms": _first_token(record),
            "cost_usd": record.get("spend", record.get("response_cost")),
        }
    )
    for name, value in _stated_context(record, metadata).items():
        log.setdefault(name, value)
    log["event_id"] = _event_id(record, log)
    log["tags"] = tags_of(labels, spend_metadata, requester)
    yield given(log | _usage(record, metadata, answer, outcome))


def _usage(
    record: Mapping[str, Any], metadata: Mapping[str, Any], answer: Mapping[str, Any], outcome: str
) -> Log:
    """The converted usage object, or the row's own three counts where it was not kept."""
    usage = as_map(metadata.get("usage_object")) or as_map(answer.get("usage"))
    if usage:
        extra = as_map(metadata.get("additional_usage_values"))
        return {"usage": {**extra, **usage}}
    counts = {
        ours: record.get(theirs)
        for ours, theirs in (
            ("input_tokens", "prompt_tokens"),
            ("output_tokens", "completion_tokens"),
            ("total_tokens", "total_tokens"),
        )
    }
    # columns default to 0: of a failed call that is "not said", not "none used"
    if outcome != "success" and not any(counts.values()):
        return {}
    return counts | {"usage_dialect": "litellm"}


def _stated_context(record: Mapping[str, Any], metadata: Mapping[str, Any]) -> Log:
    return given(
        {
            "trace_id": record.get("trace_id") or metadata.get("trace_id"),
            "session_id": record.get("session_id"),
            "agent_id": record.get("agent_id"),
            "user_id": record.get("end_user") or record.get("user"),
            "team": metadata.get("user_api_key_team_alias") or record.get("team_id"),
            "project_id": metadata.get("user_api_key_project_id"),
            "tenant_id": record.get("organization_id") or metadata.get("user_api_key_org_id"),
        }
    )


def _provider(record: Mapping[str, Any]) -> str | None:
    stated = record.get("custom_llm_provider") or as_map(record.get("error_information")).get(
        "llm_provider"
    )
    name, mark, _ = str(record.get("model") or "").partition("/")
    return str(stated).lower() if stated else (name if mark else None)


def _operation(call_type: str) -> str:
    return next((name for part, name in _OPERATIONS if part in call_type), "chat")


def _outcome(record: Mapping[str, Any], metadata: Mapping[str, Any]) -> tuple[str, int | None]:
    error = as_map(record.get("error_information")) or as_map(metadata.get("error_information"))
    code = str(error.get("error_code") or "")
    status = int(code) if code.isdigit() and 100 <= int(code) <= 599 else None
    stated = record.get("status") or metadata.get("status") or "success"
    if stated == "success":
        return "success", None
    kind = str(error.get("error_class") or "").lower()
    if status == 429 or "ratelimit" in kind:
        return "rate_limited", status
    if status in (408, 504) or "timeout" in kind:
        return "timeout", status
    return "error", status


def _first_token(record: Mapping[str, Any]) -> int | None:
    """Time to the first token; LiteLLM repeats the end time for calls it did not stream."""
    first = record.get("completionStartTime")
    if not first or first == record.get("endTime"):
        return None
    return milliseconds(record.get("startTime"), first)


def _event_id(record: Mapping[str, Any], log: Log) -> str | None:
    """LiteLLM's own call id names one attempt; a cached answer repeats the response's id."""
    own = record.get("litellm_call_id") or record.get("request_id") or record.get("id")
    if log.get("outcome") == "success" and not log.get("cache_hit") and log.get("request_id"):
        return f"response:{log['request_id']}"
    return f"litellm:{own}" if own else None
