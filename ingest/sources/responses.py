"""Recorded provider responses with their context.

Data flow: JSON lines, CSV or Parquet of recorded responses -> ``to_call_logs`` -> data/raw/calls.
Alone: ``python -m ingest responses recorded.jsonl``.

A record holds the response body (``response`` or ``body``) or the usage events of a stream, the
status, and what says where it came from: ``provider``, or ``host`` and ``path``. Any context
field of the call log may stand beside them. Counts stay in the provider's own object, untouched;
latency is milliseconds. A response id names one billed call, however often it was recorded.
"""

from __future__ import annotations

import email.utils
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import unquote

from ingest.sources import (
    Answer,
    Log,
    Rejected,
    Skipped,
    as_list,
    as_map,
    context_of,
    given,
    instant,
)

_PLACEHOLDER_HOST = re.compile(
    r"^(localhost|127\.|0\.0\.0\.0|\[::1\]|googleapis\.com$|test-(resource|location)|myorg-)"
    r"|(^|\.)example\.|\.(test|invalid|example|localhost)$"
)
_HOSTS = (
    (r"^api\.anthropic\.com", "anthropic"),
    (r"\.openai\.azure\.com|\.cognitiveservices\.azure|\.services\.ai\.azure", "azure"),
    (r"^api\.openai\.com", "openai"),
    (r"aiplatform\.googleapis\.com", "gcp.vertex_ai"),
    (r"^generativelanguage\.googleapis\.com", "gemini"),
    (r"^bedrock-", "bedrock"),
    (r"^openrouter\.ai", "openrouter"),
    (r"^api\.deepseek\.com", "deepseek"),
    (r"^api\.groq\.com", "groq"),
    (r"^api\.mistral\.ai", "mistral"),
    (r"^api\.cohere\.(com|ai)", "cohere"),
    (r"^api\.voyageai\.com", "voyageai"),
    (r"^api\.cerebras\.ai", "cerebras"),
    (r"^api\.together\.(ai|xyz)", "together"),
    (r"^api\.x\.ai", "x-ai"),
    (r"^api\.z\.ai", "zai"),
    (r"^api\.writer\.com", "writer"),
    (r"^api\.inference\.crusoecloud\.com", "crusoe"),
    (r"inference\.heroku\.com", "heroku"),
    (r"^ollama\.com", "ollama"),
    (r"^api\.portkey\.ai", "portkey"),
    (r"^api\.replicate\.com", "replicate"),
    (r"\.ml\.cloud\.ibm\.com", "watsonx"),
    (r"snowflakecomputing\.com", "snowflake"),
    (r"^api\.perplexity\.ai", "perplexity"),
    (r"^api\.fireworks\.ai", "fireworks"),
    (r"^api\.moonshot\.", "moonshotai"),
)
# The first pattern found in a path names the operation; None = an endpoint that runs no model.
_PATHS = (
    (r"count[-_]?tokens|/input_tokens$|/tokenize$", None),
    (r"/(rerank)$", "rerank"),
    (r"/(embeddings|embed)$|:(embedContent|batchEmbedContents)$|embed[^/]*/invoke$", "embeddings"),
    (r"/cachedContents$", "cache_create"),
    (r"/images/(generations|edits|variations)$", "image"),
    (r"/audio/(transcriptions|translations|speech)$", "audio"),
    (r"/moderations$", "moderation"),
    (r"/threads/[^/]+/messages$", None),
    (r"/threads/([^/]+/)?runs(/[^/]+)?(/submit_tool_outputs)?$", "chat"),
    (r"/(chat/)?completions$|/(responses)(/compact|/resp_[^/]+)?$|/messages$", "chat"),
    (r":(generateContent|streamGenerateContent|rawPredict|streamRawPredict|predict)$", "chat"),
    (r"/(converse|converse-stream|invoke|invoke-with-response-stream)$", "chat"),
    (r"/(chat|generate|complete|interactions|predictions)$|/generation/text$", "chat"),
)
_POLLED = re.compile(r"/(runs/run_|responses/resp_|predictions/)[^/]*$")
_UNFINISHED = {"in_progress", "queued", "starting", "processing", "requires_action", "pending"}
_HEADER_COUNTS = {
    "x-amzn-bedrock-input-token-count": "inputTokens",
    "x-amzn-bedrock-output-token-count": "outputTokens",
    "x-amzn-bedrock-cache-read-input-token-count": "cacheReadInputTokens",
    "x-amzn-bedrock-cache-write-input-token-count": "cacheWriteInputTokens",
}


def to_call_logs(record: Mapping[str, Any]) -> Iterator[Answer]:
    """Maps one recorded response to its call log.

    Args:
        record: recorded response; see the module's text.

    Yields:
        The call log, or why there is none.
    """
    where = {**as_map(record.get("_provenance")), **record}
    host, path = _text(where.get("host")).removesuffix(":443"), _path(where)
    if where.get("suspect_reason"):
        yield Rejected("suspect_source", "suspect_reason", where["suspect_reason"])
    elif host and _PLACEHOLDER_HOST.search(host):
        yield Rejected("suspect_source", "host", host)
    elif (skipped := _not_a_call(where, path)) is not None:
        yield skipped
    else:
        yield from _called(where, host, path)


def _not_a_call(record: Mapping[str, Any], path: str) -> Skipped | None:
    if path and not any(name for _, name in _match(path)):
        return Skipped("not_a_model_endpoint")
    body = _body(record)
    status = _text(body.get("status")).lower()
    if status in _UNFINISHED and not body.get("usage"):
        return Skipped("not_finished")
    # a poll that states the finished run's usage is a statement of that call, others are not
    is_poll = _text(record.get("method") or "POST").upper() != "POST" or _POLLED.search(path)
    if is_poll and _is_silent(record, body):
        return Skipped("not_a_model_call")
    return None


def _is_silent(record: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    has_error = record.get("error_type") or body.get("error")
    return not (
        _events(record)
        or has_error
        or any(holder.get(name) for holder in (record, body) for name in ("usage", "usage_json"))
    )


def _match(path: str) -> tuple[tuple[str, str | None], ...]:
    for pattern, name in _PATHS:
        if re.search(pattern, path):
            return ((pattern, name),)
    return ()


def _called(record: Mapping[str, Any], host: str, path: str) -> Iterator[Answer]:
    provider = _provider(record, host, path)
    if not provider:
        yield Rejected("missing_field", "provider")
        return
    body, events = _body(record), _events(record)
    streamed = _stream(events)
    said = {**given(streamed), **given(dict(body))}
    headers = _headers(record)
    usage, is_final = _usage(record, body, events, headers)
    status = record.get("http_status") or record.get("status_code")
    response_id = _text(record.get("response_id") or said.get("id") or said.get("responseId"))
    request = as_map(record.get("request"))
    requested = record.get("request_model") or request.get("model") or _path_model(path)
    # Bedrock bills the model id called, with its region prefix, not the vendor's name for it
    answered = record.get("response_model") or said.get("model") or said.get("modelVersion")
    model = _path_model(path) if provider == "bedrock" and _path_model(path) else answered
    at = _time(record, said, headers)
    log: Log = {
        "timestamp": at,
        "provider": provider,
        "model": model or requested,
        "requested_model": requested,
        "request_id": record.get("provider_request_id") or _request_id(headers),
        "operation": _operation(record, path),
        "endpoint": record.get("endpoint") or path or None,
        "region": _region(host, path),
        "usage": usage,
        "service_tier": record.get("response_service_tier") or _tier(said),
        "is_streamed": bool(
            events
            or record.get("request_stream")
            or record.get("streamed")
            or request.get("stream")
        ),
        "is_final": is_final,
        "outcome": _outcome(status, said),
        "http_status": status,
        "latency_ms": record.get("latency_ms") or _latency(record, headers),
    }
    log |= {key: value for key, value in context_of(record).items() if not log.get(key)}
    log |= {key: record[key] for key in ("tags", "cost_usd", "observed_at") if record.get(key)}
    if "event_id" not in log:
        log["event_id"] = _event_id(record, response_id)
    if usage is None and log["outcome"] == "success" and (body or events or path):
        log["usage_status"] = "missing"
    elif is_final is False:
        log["usage_status"] = "partial"
    if at is None:
        log["timestamp_missing"] = True
    yield given(log)


def _usage(
    record: Mapping[str, Any],
    body: Mapping[str, Any],
    events: list[Mapping[str, Any]],
    headers: Mapping[str, str],
) -> tuple[Any, bool | None]:
    """The provider's own usage object, and whether a stream said it was the last."""
    stated = record.get("usage") or record.get("usage_json") or _stated(body)
    if stated:
        return as_map(stated) or stated, None
    if events:
        merged, is_final = _streamed_usage(events)
        if merged:
            return merged, is_final
    counted = {ours: headers[name] for name, ours in _HEADER_COUNTS.items() if name in headers}
    return counted or None, None


def _stated(payload: Mapping[str, Any]) -> Any:
    meta = as_map(payload.get("meta"))
    nested = as_map(payload.get("x_groq")).get("usage")
    units = meta if "billed_units" in meta else None
    return payload.get("usage") or payload.get("usageMetadata") or units or nested


def _streamed_usage(events: list[Mapping[str, Any]]) -> tuple[Any, bool | None]:
    """The whole last usage record of a stream; snapshots are never added up.

    Anthropic alone spreads one record over events: its deltas are cumulative and replace the
    start key by key. Gemini repeats the record; the last one that states a total is whole.
    """
    if any(event.get("event") == "message_start" for event in events):
        merged: Log = {}
        for event in events:
            usage = as_map(as_map(event.get("payload")).get("usage"))
            if "cache_creation" not in usage and usage.get(
                "cache_creation_input_tokens", merged.get("cache_creation_input_tokens")
            ) != merged.get("cache_creation_input_tokens"):
                merged.pop("cache_creation", None)  # the start's split is out of date
            merged |= {key: value for key, value in usage.items() if value is not None}
        return merged, any(event.get("event") == "message_delta" for event in events)
    records = [usage for event in events if (usage := _stated(as_map(event.get("payload"))))]
    whole = [usage for usage in records if "totalTokenCount" in as_map(usage)]
    return (whole or records or [None])[-1], None


def _stream(events: list[Mapping[str, Any]]) -> Log:
    """What the events say together about the response, the first to name a thing wins."""
    said: Log = {}
    for event in events:
        for key, value in as_map(event.get("payload")).items():
            if value is not None and (key not in said or key in {"status", "service_tier"}):
                said[key] = value
    return said


def _body(record: Mapping[str, Any]) -> Mapping[str, Any]:
    return as_map(record.get("response")) or as_map(record.get("body"))


def _events(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [as_map(event) for event in as_list(record.get("stream_usage_events"))]


def _headers(record: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in ("headers", "response_headers", "bedrock_headers", "bedrock_headers_json"):
        for key, value in as_map(record.get(name)).items():
            first = value[0] if isinstance(value, list) and value else value
            found[str(key).lower()] = str(first)
    return found


def _provider(record: Mapping[str, Any], host: str, path: str) -> str | None:
    if record.get("provider"):
        return _text(record["provider"]).lower()
    if host == "router.huggingface.co":
        return "huggingface_" + path.strip("/").split("/")[0]
    # a host nobody knows is kept as it is: its calls stay visible, and unpriced
    return next((name for pattern, name in _HOSTS if re.search(pattern, host)), host or None)


def _operation(record: Mapping[str, Any], path: str) -> str | None:
    stated = record.get("operation")
    return _text(stated) if stated else next((name for _, name in _match(path)), None)


def _path(record: Mapping[str, Any]) -> str:
    path = _text(record.get("path")) or re.sub(r"^https?://[^/]+", "", _text(record.get("url")))
    return unquote(path.split("?")[0].split("#")[0])


def _path_model(path: str) -> str | None:
    found = re.search(r"/(?:models?|deployments|engines)/([^/]+?)(?:$|[/]|:[A-Za-z]+$)", path)
    return found.group(1) if found else None


def _region(host: str, path: str) -> str | None:
    found = re.search(r"^bedrock-[a-z]+\.([a-z0-9-]+)\.", host) or re.search(
        r"/locations/([^/]+)/", path
    )
    return found.group(1) if found else None


def _tier(said: Mapping[str, Any]) -> str | None:
    """The tier the response names; a stream's last word, and Bedrock's nested form."""
    tier = said.get("service_tier") or said.get("serviceTier")
    return _text(as_map(tier).get("type") if isinstance(tier, Mapping) else tier) or None


def _outcome(status: Any, said: Mapping[str, Any]) -> str:
    code = int(status) if str(status or "").isdigit() else 200
    state = _text(said.get("status")).lower()
    if code == 429:
        return "rate_limited"
    if code in (408, 504):
        return "timeout"
    if state in ("cancelled", "canceled"):
        return "aborted"
    is_failed = code >= 400 or state == "failed" or (said.get("error") and not _stated(said))
    return "error" if is_failed else "success"


def _time(record: Mapping[str, Any], said: Mapping[str, Any], headers: Mapping[str, str]) -> Any:
    dated = record.get("date") or headers.get("date")
    candidates = (
        record.get("timestamp"),
        record.get("response_ts"),
        record.get("response_date"),
        _http_date(dated),
        said.get("created"),
        said.get("created_at"),
        said.get("createTime"),
    )
    return next((at for value in candidates if (at := instant(value)) is not None), None)


def _http_date(value: Any) -> str | None:
    try:
        return email.utils.parsedate_to_datetime(_text(value)).isoformat() if value else None
    except ValueError:
        return _text(value)


def _request_id(headers: Mapping[str, str]) -> str | None:
    names = ("x-request-id", "request-id", "x-amzn-requestid", "apim-request-id")
    return next((headers[name] for name in names if name in headers), None)


def _latency(record: Mapping[str, Any], headers: Mapping[str, str]) -> Any:
    return record.get("openai_processing_ms") or headers.get(
        "openai-processing-ms", headers.get("x-amzn-bedrock-invocation-latency")
    )


def _event_id(record: Mapping[str, Any], response_id: str) -> str | None:
    """One id per billed call; a blanked-out or made-up response id identifies nothing."""
    if len(response_id) >= 12 and not re.search(r"0{12}", response_id):
        return f"response:{response_id}"
    if record.get("cassette"):
        place = "|".join(_text(record.get(k)) for k in ("repo", "cassette", "interaction", "path"))
        return "rec-" + sha256(place.encode()).hexdigest()[:32]
    return None


def _text(value: Any) -> str:
    return "" if value is None else str(value)
