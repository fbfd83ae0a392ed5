"""The structured call log, field by field: names, spellings, types and what is refused.

One entry per field of the log. Everything the parser does with a field follows from its kind;
usage counts (``kind='usage'``) are handed on as text to the usage normaliser, which owns them.
"""

from __future__ import annotations

from dataclasses import dataclass

OUTCOMES = ("success", "timeout", "rate_limited", "error", "aborted")
MAX_ID_BYTES = 256
MAX_COUNT = 2_000_000_000


@dataclass(frozen=True)
class Field:
    """One field of the log.

    Attributes:
        name: canonical snake_case name; camelCase is derived from it.
        kind: id, count, duration, flag, money, instant, enum, json or usage.
        column: the raw table's column it fills; empty when it only steers.
    """

    name: str
    kind: str
    column: str = ""

    @property
    def camel(self) -> str:
        """The camelCase spelling of the same field."""
        head, *rest = self.name.split("_")
        return head + "".join(part[:1].upper() + part[1:] for part in rest)


def _same(kind: str, names: str) -> list[Field]:
    return [Field(name, kind, name) for name in names.split()]


def _usage(names: str) -> list[Field]:
    return [Field(name, "usage") for name in names.split()]


FIELDS: tuple[Field, ...] = (
    Field("timestamp", "instant", "started_at"),
    Field("observed_at", "instant", "observed_at"),
    *_same("id", "event_id provider model requested_model request_id operation_id trace_id"),
    *_same("id", "run_id workflow_id agent_id session_id task_id tenant_id feature endpoint"),
    *_same("id", "environment team workload_class prompt_version route_policy_version"),
    *_same("id", "deploy_version operation region project_id"),
    Field("user_id", "id"),
    Field("api_key_id", "id"),
    Field("attempt", "count", "attempt"),
    *_same("flag", "is_batch is_streamed is_fallback"),
    Field("is_final", "flag", "is_streamed_final"),
    Field("cache_hit", "flag", "is_cache_hit"),
    Field("outcome", "enum", "outcome"),
    Field("http_status", "count", "http_status"),
    *_same("duration", "latency_ms time_to_first_token_ms"),
    Field("cost_usd", "money", "source_cost_usd"),
    Field("tags", "json", "tags"),
    *_usage("usage usage_dialect usage_status total_tokens input_tokens cached_input_tokens"),
    *_usage("cache_write_5m_tokens cache_write_1h_tokens output_tokens reasoning_tokens"),
    *_usage("web_search_requests code_execution_sessions images audio_seconds search_units"),
    *_usage("input_audio_tokens cached_input_audio_tokens output_audio_tokens"),
    *_usage("provider_cost_usd service_tier inference_geo speed"),
)

# What adapters add to a record of their own: where it came from, or why it cannot land.
ENVELOPE: tuple[str, ...] = ("_line", "_reject", "_field", "_value", "_time_source")

SPELLINGS: dict[str, tuple[str, ...]] = {
    **{field.name: tuple(dict.fromkeys((field.name, field.camel))) for field in FIELDS},
    **{name: (name,) for name in ENVELOPE},
}
KNOWN_KEYS: tuple[str, ...] = tuple(key for keys in SPELLINGS.values() for key in keys)


def objects_sql(path: str) -> str:
    """SQL that reads a chunk: one row per line that is not blank, one text column per known key.

    A line that is no JSON object is a row of NULLs. Reading a column nobody selects costs
    nothing, so all known keys are named here and the caller selects those that occur.
    """
    columns = ", ".join(f"'{key}': 'VARCHAR'" for key in KNOWN_KEYS)
    return (
        f"read_json('{_escaped(path)}', format = 'newline_delimited', columns = {{{columns}}},"
        " ignore_errors = true, maximum_object_size = 33554432)"
    )


def lines_sql(path: str) -> str:
    """SQL that reads a chunk as text: one row per line, NULL for a blank one."""
    return (
        f"read_csv('{_escaped(path)}', columns = {{'line': 'VARCHAR'}},"
        " delim = '\x01\x02\x03\x04', quote = '', escape = '', comment = '', header = false,"
        " auto_detect = false, strict_mode = false, max_line_size = 33554432)"
    )


def line_objects_sql(lines: str) -> str:
    """What ``objects_sql`` gives, from a relation of lines, each parsed on its own.

    Slower than reading the chunk at once, and exact whatever stands on the line before.
    """
    shape = ", ".join(f'"{key}": "VARCHAR"' for key in KNOWN_KEYS)
    return f"""(
        with parsed as (
            select *, case
                when json_valid(line) and ltrim(line, ' \t')[1] = '{{'
                    then json_transform(line, '{{{shape}}}')
            end as object
            from {lines}
        ),
        unnested as (select unnest(object), * exclude (object) from parsed)
        select * replace (
            case when trim(coalesce(line, '')) = '' then 'blank' else _reject end as _reject
        )
        from unnested
    )"""


def fields_sql(objects: str, keys: set[str], own: str = "") -> str:
    """SQL for one text column per field, from the keys that occur.

    Args:
        objects: relation as ``objects_sql`` gives it.
        keys: the known keys to look at; a row with any other has ``has_other_keys``.
        own: a column of ``objects`` to pass through.
    """
    columns = ",\n    ".join(
        f'{_first_of([key for key in spellings if key in keys])} as "{name}"'
        for name, spellings in SPELLINGS.items()
    )
    others = ", ".join(f'"{key}"' for key in KNOWN_KEYS if key not in keys)
    seen = ", ".join(f'"{key}"' for key in KNOWN_KEYS if key in keys)
    return f"""
select
    {own + "," if own else ""}
    {columns},
    coalesce({others or "null"}) is not null as has_other_keys,
    coalesce({seen or "null"}) is null as is_empty
from {objects}
"""


def _first_of(keys: list[str]) -> str:
    if not keys:
        return "cast(null as varchar)"
    return f'"{keys[0]}"' if len(keys) == 1 else f'coalesce("{keys[0]}", "{keys[1]}")'


def _escaped(text: str) -> str:
    return text.replace("'", "''")
