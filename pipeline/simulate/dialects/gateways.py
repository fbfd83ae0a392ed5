"""Rows as LiteLLM and Langfuse export them. No prompt, no answer: only counts and labels."""

from __future__ import annotations

import datetime as dt
from typing import Any

import orjson
import polars as pl

Row = dict[str, Any]
_LITELLM_PROVIDERS = {"google": "gemini"}
_LABELS = ("tenant_id", "feature", "endpoint", "environment", "workload_class")
_TRACKED = (
    "operation_id", "attempt", "run_id", "workflow_id", "task_id", "prompt_version",
    "route_policy_version", "project_id",
)  # fmt: skip
_ERRORS = {
    "rate_limited": ("429", "RateLimitError"),
    "timeout": ("408", "Timeout"),
    "error": ("500", "InternalServerError"),
}


def litellm_lines(frame: pl.DataFrame) -> pl.Series:
    """Rows of LiteLLM_SpendLogs as exported by its proxy: nested columns as JSON text."""
    return pl.Series([_litellm(row) for row in frame.iter_rows(named=True)], dtype=pl.String)


def _litellm(row: Row) -> str:
    told = row["has_usage"]
    prompt, completion = _total_input(row) if told else 0, row["output_tokens"] if told else 0
    metadata: Row = {
        "litellm_call_id": row["event_id"].removeprefix("evt_"),
        "attempted_retries": row["attempt"] - 1,
        "attempted_fallbacks": int(row["is_fallback"]),
        "user_api_key_hash": row["api_key_id"],
        "user_api_key_team_alias": row["team"],
        "spend_logs_metadata": {name: row[name] for name in _TRACKED if row[name] is not None},
        "cost_breakdown": {"service_tier": row["service_tier"]},
    }
    if told:
        metadata["usage_object"] = _openai_usage(row, prompt, completion)
    if row["outcome"] in _ERRORS:
        code, kind = _ERRORS[row["outcome"]]
        metadata["error_information"] = {"error_code": code, "error_class": kind}
    end = _spaced(row["started_ms"] + row["latency_ms"])
    first = row["time_to_first_token_ms"]
    return orjson.dumps(
        {
            "request_id": f"chatcmpl-{row['event_id'].removeprefix('evt_')}",
            "call_type": "acompletion",
            "api_key": row["api_key_id"],
            "spend": row["cost_usd"] if row["outcome"] == "success" else 0.0,
            "total_tokens": prompt + completion,
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "startTime": _spaced(row["started_ms"]),
            "endTime": end,
            "completionStartTime": _spaced(row["started_ms"] + first) if first else end,
            "request_duration_ms": row["latency_ms"],
            "model": row["model"],
            "model_group": row["requested_model"],
            "custom_llm_provider": _LITELLM_PROVIDERS.get(row["provider"], row["provider"]),
            "user": row["user_id"],
            "metadata": orjson.dumps(metadata).decode(),
            "cache_hit": "True" if row["cache_hit"] else "None",
            "cache_key": "",
            "request_tags": orjson.dumps(
                [f"{name}:{row[name]}" for name in _LABELS if row[name] is not None]
            ).decode(),
            "team_id": row["team"],
            "end_user": "",
            "session_id": row["session_id"],
            "status": "failure" if row["outcome"] in _ERRORS else "success",
        }
    ).decode()


def _total_input(row: Row) -> int:
    written = row["cache_write_5m_tokens"] + row["cache_write_1h_tokens"]
    return int(row["uncached_input_tokens"] + row["cache_read_tokens"] + written)


def _openai_usage(row: Row, prompt: int, completion: int) -> Row:
    """LiteLLM says every provider's usage in OpenAI's shape, caches inside the prompt."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {
            "cached_tokens": row["cache_read_tokens"],
            "cache_write_tokens": row["cache_write_5m_tokens"],
        },
        "completion_tokens_details": {"reasoning_tokens": row["reasoning_tokens"]},
    }


def langfuse_lines(frame: pl.DataFrame) -> pl.Series:
    """Observations as Langfuse's blob export writes them; details stand outside input/output."""
    return pl.Series([_langfuse(row) for row in frame.iter_rows(named=True)], dtype=pl.String)


def _langfuse(row: Row) -> str:
    failed = row["outcome"] in _ERRORS
    code, kind = _ERRORS.get(row["outcome"], ("", ""))
    version = f"{row['feature']}/v{row['prompt_number']}"
    return orjson.dumps(
        {
            "id": f"obs-{row['event_id'].removeprefix('evt_')}",
            "trace_id": row["trace_id"],
            "type": "GENERATION",
            "name": row["feature"],
            "start_time": _spaced(row["started_ms"]),
            "end_time": _spaced(row["started_ms"] + row["latency_ms"]),
            "created_at": _spaced(row["started_ms"] + row["latency_ms"]),
            "updated_at": _spaced(row["observed_ms"]),
            "environment": row["environment"],
            "level": "ERROR" if failed else "DEFAULT",
            "status_message": f"{code} {kind}" if failed else None,
            "user_id": row["user_id"],
            "session_id": row["session_id"],
            "provided_model_name": row["model"],
            "usage_details": _langfuse_usage(row) if row["has_usage"] else {},
            "total_cost": row["cost_usd"],
            "latency": row["latency_ms"] / 1000,
            "time_to_first_token": (row["time_to_first_token_ms"] or 0) / 1000 or None,
            "prompt_name": row["feature"],
            "prompt_version": row["prompt_number"],
            "release": row["deploy_version"],
            "tags": [f"{name}:{row[name]}" for name in _LABELS if row[name] is not None],
            "metadata": {
                "ls_provider": row["provider"],
                "ls_model_name": row["requested_model"],
                "api_key_id": row["api_key_id"],
                "team": row["team"],
                "prompt": version,
                **{name: row[name] for name in _TRACKED[:5] if row[name] is not None},
            },
        }
    ).decode()


def _langfuse_usage(row: Row) -> Row:
    if row["provider"] == "openai":
        return {
            "input": row["uncached_input_tokens"],
            "output": row["output_tokens"] - row["reasoning_tokens"],
            "total": _total_input(row) + row["output_tokens"],
            "input_cached_tokens": row["cache_read_tokens"],
            "output_reasoning_tokens": row["reasoning_tokens"],
        }
    return {
        "input": row["uncached_input_tokens"],
        "output": row["output_tokens"],
        "cache_read_input_tokens": row["cache_read_tokens"],
        "cache_creation_input_tokens": row["cache_write_5m_tokens"],
    }


def _spaced(epoch_ms: int) -> str:
    """Python's text of an instant, as both tools write it."""
    return dt.datetime.fromtimestamp(epoch_ms / 1000, dt.UTC).isoformat(" ", "milliseconds")
