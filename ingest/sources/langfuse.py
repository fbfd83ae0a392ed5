"""Langfuse's blob-storage export of observations, legacy and v2 columns.

Data flow: exported observations (JSON lines, CSV, Parquet) -> ``to_call_logs`` -> data/raw/calls.
Alone: ``python -m ingest langfuse observations.jsonl``.

Only generations and embeddings are model calls. Rows are mutable: ``updated_at`` decides which
version counts. Latencies come in seconds and leave in milliseconds; ``total_cost`` is US dollars,
computed by Langfuse or given to it: the export does not say which. It names no provider either;
metadata may, else the model's name does, else it is ``unknown`` and stays visible so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ingest.sources import (
    Answer,
    Log,
    Rejected,
    Skipped,
    as_map,
    context_of,
    given,
    instant,
    milliseconds,
    split_tags,
    tags_of,
)

_OPERATIONS = {"GENERATION": "chat", "EMBEDDING": "embeddings"}
_PROVIDER_KEYS = (
    "provider",
    "ls_provider",
    "gen_ai.provider.name",
    "gen_ai.system",
    "llm.provider",
)
_MODEL_PROVIDERS = (
    (("gpt-", "o1", "o3", "o4", "chatgpt", "text-embedding", "dall-e", "whisper"), "openai"),
    (("claude",), "anthropic"),
    (("gemini",), "google"),
    (("mistral", "codestral", "magistral", "ministral"), "mistral"),
    (("command", "embed-", "rerank-"), "cohere"),
    (("deepseek",), "deepseek"),
    (("grok",), "x-ai"),
)
_CACHE_READ = (
    "input_cached_tokens",
    "cache_read_input_tokens",
    "input_cache_read",
    "input_cache_read_tokens",
    "input_cached",
    "cached_input_tokens",
)
_CACHE_WRITE_5M = ("input_cache_creation_5m", "input_cache_write_5m", "ephemeral_5m_input_tokens")
_CACHE_WRITE_1H = ("input_cache_creation_1h", "input_cache_write_1h", "ephemeral_1h_input_tokens")
_CACHE_WRITE = (
    "input_cache_write_tokens",
    "cache_creation_input_tokens",
    "input_cache_creation",
    "input_cache_creation_tokens",
    "input_cache_write",
)
_REASONING = ("output_reasoning_tokens", "output_reasoning", "reasoning_tokens")


def to_call_logs(record: Mapping[str, Any]) -> Iterator[Answer]:
    """Maps one exported observation to its call log.

    Args:
        record: the exported row; nested columns as objects or as JSON text.

    Yields:
        The call log, or why there is none.
    """
    kind = str(record.get("type") or "").upper()
    if kind not in _OPERATIONS:
        yield Skipped("not_a_generation")
        return
    metadata, labels = as_map(record.get("metadata")), split_tags(record.get("tags"))
    counts = _counts(as_map(record.get("usage_details")))
    if isinstance(counts, Rejected):
        yield counts
        return
    model = str(record.get("provided_model_name") or "")
    outcome = _outcome(record)
    log: Log = context_of(metadata, labels) | given(
        {
            "event_id": f"langfuse:{record['id']}" if record.get("id") else None,
            "timestamp": instant(record.get("start_time")),
            "observed_at": instant(record.get("updated_at")),
            "provider": _provider(metadata, model),
            "model": model,
            "operation": _OPERATIONS[kind],
            "trace_id": record.get("trace_id"),
            "prompt_version": _joined(record.get("prompt_name"), record.get("prompt_version")),
            "outcome": outcome,
            "latency_ms": _milliseconds(record.get("latency"))
            or milliseconds(record.get("start_time"), record.get("end_time")),
            "time_to_first_token_ms": _milliseconds(record.get("time_to_first_token")),
            "cost_usd": record.get("total_cost"),
            "usage_dialect": "langfuse",
        }
    )
    stated = {
        "environment": record.get("environment"),
        "session_id": record.get("session_id"),
        "user_id": record.get("user_id"),
        # scores name the observation they are of
        "operation_id": record.get("id"),
        "deploy_version": record.get("release") or record.get("version"),
    }
    for name, value in given(stated).items():
        log.setdefault(name, value)
    log["tags"] = tags_of(labels, metadata) or None
    if not counts and outcome == "success":
        log["usage_status"] = "missing"
    elif "claude" in model.lower() and counts.pop("is_unsplit", False):
        log["usage_status"] = "estimated"
    counts.pop("is_unsplit", None)
    yield given(log | counts)


def _counts(details: Mapping[str, Any]) -> Log | Rejected:
    """Usage details as inclusive counts.

    Langfuse takes every ``input_…`` and ``output_…`` detail out of ``input`` and ``output`` for
    OpenAI-shaped usage and passes other shapes through, so one key means two things. The parts
    that sum to ``total`` are disjoint; where input + output alone are the total, details lie
    inside. With no total the details stand beside, as both known writers leave them.
    Putting the parts together again is the one sum an adapter makes.
    """
    parts: dict[str, int] = {}
    for name, value in details.items():
        if value is None:
            continue
        if isinstance(value, bool) or not str(value).removesuffix(".0").lstrip("-").isdigit():
            return Rejected("wrong_type", f"usage_details.{name}", str(value)[:64])
        parts[name] = int(str(value).removesuffix(".0"))
    if not parts:
        return {}
    total = parts.pop("total", None)
    first_in, first_out = parts.pop("input", None), parts.pop("output", None)
    outs = {name: n for name, n in parts.items() if name.startswith("output") or name in _REASONING}
    ins = {
        name: n
        for name, n in parts.items()
        if name not in outs and ("input" in name or "cache" in name)
    }
    is_inside = total is not None and (first_in or 0) + (first_out or 0) == total
    input_tokens, output_tokens = first_in, first_out
    if not is_inside:
        input_tokens = _sum(first_in, ins)
        output_tokens = _sum(first_out, outs)
    unsplit = _pick(ins, _CACHE_WRITE)
    five, hour = _pick(ins, _CACHE_WRITE_5M), _pick(ins, _CACHE_WRITE_1H)
    return given(
        {
            "input_tokens": input_tokens,
            "cached_input_tokens": _pick(ins, _CACHE_READ),
            "cache_write_5m_tokens": unsplit if five is None and hour is None else five,
            "cache_write_1h_tokens": hour,
            "output_tokens": output_tokens,
            "reasoning_tokens": _pick(outs, _REASONING),
            "input_audio_tokens": parts.get("input_audio_tokens"),
            "output_audio_tokens": parts.get("output_audio_tokens"),
            "total_tokens": total,
            "is_unsplit": (bool(unsplit) and five is None and hour is None) or None,
        }
    )


def _sum(first: int | None, parts: Mapping[str, int]) -> int | None:
    return None if first is None and not parts else (first or 0) + sum(parts.values())


def _pick(parts: Mapping[str, int], names: tuple[str, ...]) -> int | None:
    return next((parts[name] for name in names if name in parts), None)


def _provider(metadata: Mapping[str, Any], model: str) -> str:
    attributes = as_map(metadata.get("attributes"))
    for key in _PROVIDER_KEYS:
        stated = metadata.get(key) or attributes.get(key)
        if isinstance(stated, str) and stated:
            return stated.lower()
    name = model.lower()
    return next(
        (provider for starts, provider in _MODEL_PROVIDERS if name.startswith(starts)), "unknown"
    )


def _outcome(record: Mapping[str, Any]) -> str:
    if str(record.get("level") or "").upper() != "ERROR":
        return "success"
    message = str(record.get("status_message") or "").lower()
    if "429" in message or "rate limit" in message or "ratelimit" in message:
        return "rate_limited"
    if "timeout" in message or "timed out" in message:
        return "timeout"
    return "error"


def _milliseconds(seconds: Any) -> int | None:
    try:
        return None if seconds in (None, "") else round(float(seconds) * 1000)
    except (TypeError, ValueError):
        return None


def _joined(name: Any, version: Any) -> str | None:
    if version in (None, ""):
        return None
    return f"{name}@{version}" if name else str(version)
