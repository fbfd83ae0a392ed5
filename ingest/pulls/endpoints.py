"""The documented report endpoints: paths, parameters, grouping, limits.

A source asks for whole UTC days. Grouping is the finest the reports offer without users, so
that keys, projects, models, tiers and batches stay apart; no e-mail or user id is asked for.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

Params = list[tuple[str, str]]


@dataclass(frozen=True)
class Service:
    """One provider's API.

    Attributes:
        name: what messages call it.
        key_variables: environment variables that may hold the key, the first one preferred.
        key_kind: what kind of key the reports need.
        base_variable: environment variable that overrides the address.
        base_url: the documented address, version included.
        version: the version segment every address ends with.
        headers: the documented request headers for a key.
        oldest_days: how far back the reports reach, None where it is not limited.
        has_today: whether the current day can be asked for.
    """

    name: str
    key_variables: tuple[str, ...]
    key_kind: str
    base_variable: str
    base_url: str
    version: str
    headers: Callable[[str], dict[str, str]]
    oldest_days: int | None = None
    has_today: bool = True


@dataclass(frozen=True)
class Endpoint:
    """One report: where it is and how a range of days is asked for.

    Attributes:
        name: also the prefix of the saved pages.
        path: below the service's base URL.
        params: the parameters for a first and a last day, both inclusive.
        extra: parameters left out when the API does not know them (HTTP 400).
        is_per_day: one request a day, without pages.
    """

    name: str
    path: str
    params: Callable[[dt.date, dt.date], Params]
    extra: tuple[tuple[str, str], ...] = ()
    is_per_day: bool = False


@dataclass(frozen=True)
class Pullable:
    """A source that can be pulled: its service and its reports."""

    service: Service
    endpoints: tuple[Endpoint, ...]


def _bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def _anthropic_headers(key: str) -> dict[str, str]:
    return {"x-api-key": key, "anthropic-version": "2023-06-01"}


OPENAI = Service(
    "OpenAI",
    ("OPENAI_ADMIN_KEY",),
    "an admin key (Settings, Organization, Admin keys)",
    "OPENAI_BASE_URL",
    "https://api.openai.com/v1",
    "/v1",
    _bearer,
)
ANTHROPIC = Service(
    "Anthropic",
    ("ANTHROPIC_ADMIN_KEY", "ANTHROPIC_ADMIN_API_KEY"),
    "an admin key (Console, Settings, Admin keys)",
    "ANTHROPIC_BASE_URL",
    "https://api.anthropic.com/v1",
    "/v1",
    _anthropic_headers,
)
OPENROUTER = Service(
    "OpenRouter",
    ("OPENROUTER_MANAGEMENT_KEY", "OPENROUTER_API_KEY"),
    "a management key",
    "OPENROUTER_BASE_URL",
    "https://openrouter.ai/api/v1",
    "/api/v1",
    _bearer,
    oldest_days=30,
    has_today=False,
)


def _epoch(day: dt.date) -> str:
    return str(int(dt.datetime.combine(day, dt.time(), dt.UTC).timestamp()))


def _openai_params(limit: int, group_by: str) -> Callable[[dt.date, dt.date], Params]:
    def params(first: dt.date, last: dt.date) -> Params:
        return [
            ("start_time", _epoch(first)),
            ("end_time", _epoch(last + dt.timedelta(days=1))),
            ("bucket_width", "1d"),
            ("limit", str(limit)),
            *(("group_by", name) for name in group_by.split()),
        ]

    return params


def _openai_usage(name: str, group_by: str) -> Endpoint:
    return Endpoint(name, f"/organization/usage/{name}", _openai_params(31, group_by))


def _anthropic_params(group_by: str) -> Callable[[dt.date, dt.date], Params]:
    def params(first: dt.date, last: dt.date) -> Params:
        return [
            ("starting_at", f"{first}T00:00:00Z"),
            ("ending_at", f"{last + dt.timedelta(days=1)}T00:00:00Z"),
            ("bucket_width", "1d"),
            ("limit", "31"),
            *(("group_by[]", name) for name in group_by.split()),
        ]

    return params


_KEYED = "project_id api_key_id model"

PULLABLE: dict[str, Pullable] = {
    "openai-usage": Pullable(
        OPENAI,
        (
            _openai_usage("completions", f"{_KEYED} batch service_tier"),
            _openai_usage("embeddings", _KEYED),
            _openai_usage("moderations", _KEYED),
            _openai_usage("images", f"{_KEYED} size source"),
            _openai_usage("audio_speeches", _KEYED),
            _openai_usage("audio_transcriptions", _KEYED),
            _openai_usage("vector_stores", "project_id"),
            _openai_usage("code_interpreter_sessions", "project_id"),
            _openai_usage("file_search_calls", "project_id api_key_id vector_store_id"),
            _openai_usage("web_search_calls", f"{_KEYED} context_level"),
        ),
    ),
    "openai-costs": Pullable(
        OPENAI,
        (
            Endpoint(
                "costs",
                "/organization/costs",
                _openai_params(180, "project_id line_item api_key_id"),
            ),
        ),
    ),
    "anthropic-usage": Pullable(
        ANTHROPIC,
        (
            Endpoint(
                "messages",
                "/organizations/usage_report/messages",
                _anthropic_params(
                    "api_key_id workspace_id model service_tier context_window inference_geo"
                ),
                extra=(("group_by[]", "speed"),),
            ),
        ),
    ),
    "anthropic-costs": Pullable(
        ANTHROPIC,
        (
            Endpoint(
                "cost_report",
                "/organizations/cost_report",
                _anthropic_params("workspace_id description"),
            ),
        ),
    ),
    "openrouter": Pullable(
        OPENROUTER,
        (
            Endpoint(
                "activity",
                "/activity",
                lambda first, _: [("date", first.isoformat())],
                is_per_day=True,
            ),
        ),
    ),
}
