"""Adapters: records of other tools, said again as structured call logs.

Data flow: one source record -> ``to_call_logs`` -> 0..n log dicts -> data/raw/calls.

An adapter maps names; it does no token arithmetic (that is ``ingest/sql/usage.sql``) and lets no
prompt, answer or error text through. What is no call is said to be so, never dropped silently.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

Log = dict[str, Any]


@dataclass(frozen=True)
class Rejected:
    """A record that must go to quarantine.

    Attributes:
        reason: reason code, e.g. ``suspect_source``.
        field: the field at fault.
        value: its value, short and free of content.
    """

    reason: str
    field: str = ""
    value: Any = None


@dataclass(frozen=True)
class Skipped:
    """A record that is rightly no model call; it is counted all the same.

    Attributes:
        reason: why, in one code.
    """

    reason: str = "not_a_model_call"


Answer = Log | Rejected | Skipped
Adapter = Callable[[Mapping[str, Any]], Iterator[Answer]]

# Log fields that say who, where and for what: copied wherever a source names them so.
CONTEXT = [
    "event_id",
    "request_id",
    "operation_id",
    "attempt",
    "trace_id",
    "run_id",
    "workflow_id",
    "agent_id",
    "session_id",
    "task_id",
    "tenant_id",
    "user_id",
    "feature",
    "endpoint",
    "environment",
    "team",
    "workload_class",
    "prompt_version",
    "route_policy_version",
    "deploy_version",
    "region",
    "api_key_id",
    "project_id",
    "is_batch",
    "is_fallback",
]
# The same under the names people use in tags, metadata and span attributes.
_ALIASES = {
    "tenant": "tenant_id",
    "customer": "tenant_id",
    "customer_id": "tenant_id",
    "organization_id": "tenant_id",
    "user": "user_id",
    "enduser_id": "user_id",
    "env": "environment",
    "workflow": "workflow_id",
    "agent": "agent_id",
    "run": "run_id",
    "session": "session_id",
    "conversation_id": "session_id",
    "task": "task_id",
    "job_id": "task_id",
    "deploy": "deploy_version",
    "deployment_version": "deploy_version",
    "route_policy": "route_policy_version",
    "workload": "workload_class",
    "owner_team": "team",
}
_PREFIXES = ("app.", "llm.", "tokenhouse.", "x-")


@lru_cache(maxsize=10_000)
def context_field(name: str) -> str | None:
    """The log field that a free-form key means, or None.

    ``tenant.id``, ``app.tenant_id``, ``tenantId`` and ``Tenant-Id`` are all ``tenant_id``.
    """
    plain = name.strip()
    for prefix in _PREFIXES:
        plain = plain.removeprefix(prefix)
    snake = "".join(
        "_" + char if char.isupper() and before.islower() else char
        for before, char in zip(" " + plain, plain, strict=False)
    )
    key = snake.lower().replace(".", "_").replace("-", "_")
    key = _ALIASES.get(key, key)
    return key if key in CONTEXT else None


def context_of(*sources: Any) -> Log:
    """Context fields found in free-form maps; the first map that names a field wins."""
    found: Log = {}
    for source in sources:
        for key, value in as_map(source).items():
            field = context_field(str(key))
            if field and is_scalar(value) and field not in found:
                found[field] = value
    return found


def tags_of(*sources: Any) -> Log:
    """What else free-form maps of short labels say; context fields are left out."""
    return {
        str(key): value
        for source in sources
        for key, value in as_map(source).items()
        if is_scalar(value) and context_field(str(key)) is None and len(str(value)) <= 128
    }


def split_tags(tags: Any) -> Log:
    """Labels ``name:value`` (or bare ``name``) as a map."""
    found: Log = {}
    for tag in as_list(tags):
        name, mark, value = str(tag).partition(":")
        found.setdefault(name.strip(), value.strip() if mark else "true")
    return found


def is_scalar(value: Any) -> bool:
    """Whether a value is a plain, non-empty text, number or flag."""
    return isinstance(value, (str, int, float, bool)) and value != ""


def as_map(value: Any) -> Mapping[str, Any]:
    """A mapping as it is, JSON object text parsed, anything else empty."""
    if isinstance(value, str) and value[:1] == "{":
        value = _parsed(value)
    return value if isinstance(value, Mapping) else {}


def as_list(value: Any) -> list[Any]:
    """A list as it is, JSON array text parsed, anything else empty."""
    if isinstance(value, str) and value[:1] == "[":
        value = _parsed(value)
    return list(value) if isinstance(value, (list, tuple)) else []


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def instant(value: Any) -> str | int | float | None:
    """An instant as the log takes it: epoch numbers as they are, text with its zone.

    Exports drop the zone of what they document as UTC; ``Z`` is put back there.
    """
    if isinstance(value, dt.datetime):
        return (value if value.tzinfo else value.replace(tzinfo=dt.UTC)).isoformat()
    if isinstance(value, bool) or value in (None, ""):
        return None
    if isinstance(value, (int, float)):
        return value
    text = str(value).strip()
    if not text[:4].isdigit() or len(text) < 16 or text[4:5] != "-":
        return text
    text = text.replace(" ", "T", 1)
    has_zone = text.endswith(("Z", "z")) or "+" in text[11:] or "-" in text[11:]
    return text if has_zone else text + "Z"


def milliseconds(start: Any, end: Any) -> int | None:
    """Whole milliseconds from one instant to another, None if either is unreadable."""
    first, last = _epoch(start), _epoch(end)
    if first is None or last is None or last < first:
        return None
    return round((last - first) * 1000)


def _epoch(value: Any) -> float | None:
    at = instant(value)
    if isinstance(at, str):
        try:
            return dt.datetime.fromisoformat(at.replace("Z", "+00:00")).timestamp()
        except ValueError:
            return None
    return at


def given(log: Log) -> Log:
    """The log without what is unknown."""
    return {key: value for key, value in log.items() if value is not None and value != ""}
