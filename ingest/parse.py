"""From text fields to typed call rows, or to a reason why not. All in one SQL statement.

The reasons, in the order they are looked for; the first that holds is the row's:
``malformed_json``, ``missing_field``, ``bad_timestamp``, ``impossible_time``, ``unknown_enum``,
``wrong_type``, ``negative_count``, ``absurd_count``, then those of the usage normaliser
(``missing_usage``, ``contradictory_buckets``, …) and those an adapter gave.
"""

from __future__ import annotations

from collections.abc import Set
from itertools import chain
from pathlib import Path

from ingest.fields import FIELDS, MAX_COUNT, MAX_ID_BYTES, OUTCOMES, Field
from ingest.usage import USAGE_KEYS, usage_sql

_SQL = Path(__file__).parent / "sql"
FIRST_POSSIBLE_TIME = "timestamptz '2015-01-01 00:00:00+00'"
CLOCK_SKEW = "interval 1 day"
_EXACT_KINDS = ("instant", "count", "duration", "flag", "money")


def macros() -> list[str]:
    """Statements that create the exact casts."""
    text = (_SQL / "macros.sql").read_text()
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("--"))
    return [part for part in "\n".join(lines).split(";") if part.strip()]


def typed_sql(
    fields: str,
    *,
    source: str,
    keep: tuple[str, ...] = (),
    usage_keys: Set[str] = USAGE_KEYS,
) -> str:
    """SQL for one typed row per row of text fields.

    Args:
        fields: relation with the text fields and ``component_index``.
        source: the command's source name.
        keep: columns of ``fields`` to pass through.
        usage_keys: the keys to look for in usage objects.

    Returns:
        A SELECT with the columns of ``calls`` that a row itself determines, ``problem``
        (NULL where the row may land), ``problem_field`` and ``problem_value``.
    """
    columns = ",\n    ".join(f'{sql} as "{name}"' for name, sql in _columns(source).items())
    kept = "".join(f'"{name}",\n    ' for name in keep)
    return f"""
with normalised as (
    {usage_sql(fields, usage_keys)}
),
instants as (
    select
        *,
        {_exact_casts()},
        coalesce(nullif(model, ''), nullif(requested_model, '')) as billed_model,
        lower(outcome) as stated_outcome
    from normalised
),
checked as (
    select *, {_problem()} as verdict
    from instants
)
select
    {kept}split_part(verdict, '|', 1) as problem,
    split_part(verdict, '|', 2) as problem_field,
    case when verdict is not null then
        case split_part(verdict, '|', 2) {_values()} else coalesce(_value, left(usage, 500)) end
    end as problem_value,
    {columns}
from checked
"""


def _columns(source: str) -> dict[str, str]:
    plain = {f.column: _cast(f) for f in FIELDS if f.column}
    return plain | {
        "event_date": "cast(exact_timestamp as date)",
        "event_id": _event_id(),
        "component_index": "component_index",
        "source": f"'{source}'",
        "provider": "lower(provider)",
        "model": "billed_model",
        "requested_model": "coalesce(nullif(requested_model, ''), billed_model)",
        "api_key_id": _api_key_id(),
        "attempt": "try_cast(exact_attempt as integer)",
        "http_status": "try_cast(exact_http_status as integer)",
        "service_tier": "billed_service_tier",
        "inference_geo": "billed_geo",
        "speed": "billed_speed",
        "is_batch": "coalesce(exact_is_batch, false)",
        "is_streamed": "coalesce(exact_is_streamed, false)",
        "is_fallback": "coalesce(exact_is_fallback, false)",
        "is_cache_hit": "coalesce(exact_cache_hit, false)",
        "outcome": _outcome(),
        **{name: f"normalised_{name}" for name in _USAGE_COLUMNS},
        "provider_cost_usd": "normalised_provider_cost_usd",
        "usage_status": "normalised_usage_status",
        "usage_dialect": "dialect",
        "tags": tags_sql(),
        "started_at": "exact_timestamp",
        "started_at_source": "coalesce(_time_source, 'reported')",
        "observed_at": "exact_observed_at",
    }


_USAGE_COLUMNS = (
    "uncached_input_tokens", "cache_read_tokens", "cache_write_5m_tokens",
    "cache_write_1h_tokens", "output_tokens", "reasoning_tokens", "input_audio_tokens",
    "cache_read_audio_tokens", "output_audio_tokens", "web_search_requests",
    "code_execution_sessions", "image_count", "search_units", "audio_seconds",
)  # fmt: skip


def _exact_casts() -> str:
    """Each cast is written once: the checks and the columns both read its result."""
    return ",\n        ".join(
        f'exact_{field.kind}("{field.name}") as exact_{field.name}'
        for field in FIELDS
        if field.kind in _EXACT_KINDS
    )


def _cast(field: Field) -> str:
    if field.kind in _EXACT_KINDS:
        return f"exact_{field.name}"
    return f"nullif(\"{field.name}\", '')"


def _problem() -> str:
    checks = [
        ("_reject is not null", "_reject || '|' || coalesce(_field, '')"),
        ("is_empty", "'malformed_json|'"),
        ("coalesce(\"timestamp\", '') = ''", "'missing_field|timestamp'"),
        ("coalesce(provider, '') = ''", "'missing_field|provider'"),
        ("billed_model is null", "'missing_field|model'"),
        ("exact_timestamp is null", "'bad_timestamp|timestamp'"),
        (
            f"exact_timestamp < {FIRST_POSSIBLE_TIME} or exact_timestamp > now() + {CLOCK_SKEW}",
            "'impossible_time|timestamp'",
        ),
        (
            "observed_at is not null and exact_observed_at is null",
            "'bad_timestamp|observed_at'",
        ),
        (
            " and ".join(f"stated_outcome <> '{outcome}'" for outcome in OUTCOMES),
            "'unknown_enum|outcome'",
        ),
        *chain.from_iterable(_checks(field) for field in FIELDS),
        ("usage_problem is not null", "usage_problem || '|' || coalesce(usage_problem_field, '')"),
    ]
    cases = "\n        ".join(f"when {test} then {verdict}" for test, verdict in checks)
    return f"case\n        {cases}\n    end"


def _checks(field: Field) -> list[tuple[str, str]]:
    name, given = f'"{field.name}"', f'"{field.name}" is not null'
    wrong = f"'wrong_type|{field.name}'"
    if field.kind == "id":
        # an object or a list arrives as its text; comparing prefixes is cheaper than cutting
        nested = " or ".join(
            f"{name} >= '{opening}' and {name} < '{after}'"
            for opening, after in (("{", "|"), ("[", "\\"))
        )
        return [(f"strlen({name}) > {MAX_ID_BYTES} or {nested}", wrong)]
    exact = f"exact_{field.name}"
    if field.kind in ("count", "duration"):
        floor = 1 if field.name == "attempt" else 0
        return [
            (
                f"{given} and not coalesce({exact} between {floor} and {MAX_COUNT}, false)",
                f"case when {exact} < {floor} then 'negative_count'"
                f" when {exact} > {MAX_COUNT} then 'absurd_count'"
                f" else 'wrong_type' end || '|{field.name}'",
            )
        ]
    if field.kind in ("flag", "money"):
        checks = [(f"{given} and {exact} is null", wrong)]
        negative = (f"{exact} < 0", f"'negative_count|{field.name}'")
        return [*checks, negative] if field.kind == "money" else checks
    return []


def _values() -> str:
    names = [field.name for field in FIELDS if field.name != "usage"]
    return " ".join(f"when '{name}' then \"{name}\"" for name in names)


def _event_id() -> str:
    """Identity of an event without an id: its request where it names one, else all it says."""
    request = ["provider", "billed_model", '"timestamp"', "request_id", "operation_id", "attempt"]
    skipped = {"observed_at", "cost_usd", "event_id"}
    everything = [f'"{field.name}"' for field in FIELDS if field.name not in skipped]

    def digest(names: list[str]) -> str:
        return "md5(concat_ws(chr(31), " + ", ".join(f"coalesce({n}, '')" for n in names) + "))"

    return (
        "case when event_id <> '' then event_id"
        f" when request_id <> '' then 'r-' || {digest(request)}"
        f" else 'c-' || {digest(everything)} end"
    )


def _api_key_id() -> str:
    """Key ids stay; what looks like the key itself is replaced by its digest."""
    return (
        "case when regexp_matches(api_key_id, '^(sk-|Bearer |AIza|AKIA|ghp_|xox)')"
        " then 'key-' || left(md5(api_key_id), 16) else nullif(api_key_id, '') end"
    )


def _outcome() -> str:
    status = "exact_http_status"
    return (
        "case when stated_outcome is not null then stated_outcome"
        f" when {status} = 429 then 'rate_limited'"
        f" when {status} in (408, 504) then 'timeout'"
        f" when {status} >= 400 then 'error'"
        " else 'success' end"
    )


def tags_sql(dropped: str = "") -> str:
    """Scalar tags only: nothing nested, nothing long, nothing that looks like an address.

    Args:
        dropped: a pattern of keys, in lower case, that are left out as well.
    """
    unwanted = f" and not regexp_matches(lower(entry.key), '{dropped}')" if dropped else ""
    kept = (
        "list_filter(map_entries(try_cast(json(tags) as map(varchar, varchar))), lambda entry:"
        " strlen(entry.value) <= 128 and strlen(entry.key) <= 64"
        " and entry.value[1] not in ('{', '[') and not contains(entry.value, '@')"
        f"{unwanted})"
    )
    valid = "tags is not null and json_valid(tags) and tags[1] = '{'"
    return f"case when {valid} then cast(to_json(map_from_entries({kept})) as varchar) end"
