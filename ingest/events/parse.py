"""From text fields to typed rows, or to a reason why not; in SQL, a batch at a time.

The reasons, in the order they are looked for; the first that holds is the row's: what a reader
gave (``malformed_json``, ``malformed_row``, ``not_an_evaluation`` …), ``missing_field``,
``unknown_value``, ``bad_timestamp``, ``impossible_time``, ``wrong_type``, ``absurd_value``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from ingest.events.fields import LANGFUSE_MARKS, MAX_ID_BYTES, MAX_LABEL_BYTES, EventSource
from ingest.exports.people import cleaned_sql
from ingest.parse import CLOCK_SKEW, FIRST_POSSIBLE_TIME, tags_sql

# What a row of text fields carries beside the fields.
CARRIED = ("row_no", "source_line", "_reject", "_field", "_value")
# Keys whose object or list is opened by the reader: pages, traces, nested context.
OPENED = (
    *("data", "events", "scores", "changes", "results", "items"),
    *("resourceLogs", "resourceSpans", "resource_logs", "resource_spans"),
    *("scopeLogs", "scopeSpans", "logRecords", "spans"),
    *("metadata", "properties", "attributes", "context", "trace", "user"),
)
# a double keeps 15 digits; a longer number must be read from its own text
_LONG_NUMBER = r'"({names})"\s*:\s*[+-]?[0-9.]{{16,}}'
_PROSE = "comment|explanation|reason|feedback|message|prompt|text|user|author|e.?mail"
_NUMBER = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?"


def objects_sql(source: EventSource, lines: str, keys: Iterable[str]) -> str:
    """SQL for text fields from lines of JSON objects.

    Args:
        source: what the rows hold.
        lines: relation with ``row_no``, ``source_line`` and ``line``, no blank one.
        keys: the keys that occur in its objects.

    Returns:
        A SELECT with the carried columns, one text column per field, and ``is_opened``: the
        line is no plain object, or says something only its reader understands.
    """
    known = {key for field in source.fields for key in field.keys} | {"_reject", "_value"}
    met = sorted(set(keys) & (known | set(OPENED)))
    shape = json.dumps(dict.fromkeys([*met, "_"], "VARCHAR"))
    columns = ",\n    ".join(
        f'{_first([key for key in field.keys if key in met])} as "{field.name}"'
        for field in source.fields
        if field.name != "dialect"
    )
    nested = [f"left(object.\"{key}\", 1) in ('{{', '[')" for key in OPENED if key in met]
    numbers = "|".join(key for f in source.fields if f.kind == "number" for key in f.keys)
    if numbers:
        nested.append(f"regexp_matches(line, '{_LONG_NUMBER.format(names=numbers)}')")
    nested += [f"left({_first([k for k in ('tags',) if k in met])}, 1) = '['"]
    marks = [k for f in source.fields if f.name in LANGFUSE_MARKS for k in f.keys if k in met]
    marker = _first([key for key in met if key == "_reject"])
    langfuse = " or ".join(f'object."{key}" is not null' for key in marks) or "false"
    dialect = (
        f"case when {langfuse} then 'langfuse' else 'own' end as dialect,"
        if "dialect" in _names(source)
        else ""
    )
    return f"""
    with parsed as (
        select
            *,
            json_valid(line) as is_json,
            case
                when is_json and (line[1] = '{{' or json_type(line) = 'OBJECT')
                    then json_transform(line, '{shape}')
            end as object
        from {lines}
    )
    select
        row_no,
        source_line,
        case when object is null then 'malformed_json' else {marker} end as _reject,
        cast(null as varchar) as _field,
        {_first([k for k in met if k == "_value"])} as _value,
        {dialect}
        {columns},
        coalesce(
            is_json and {marker} is null and (
                object is null
                or {" or ".join(nested)}
                or "{source.what}" is null
                or "{source.at}" is null
            ),
            false
        ) as is_opened
    from parsed
    """


def _names(source: EventSource) -> list[str]:
    return [field.name for field in source.fields]


def _first(keys: list[str]) -> str:
    if not keys:
        return "cast(null as varchar)"
    return "coalesce(" + ", ".join(f"nullif(object.\"{key}\", '')" for key in keys) + ")"


def typed_sql(source: EventSource, fields: str) -> str:
    """SQL for one typed row per row of text fields.

    Args:
        source: what the rows hold.
        fields: relation with the carried columns and one text column per field.

    Returns:
        A SELECT with ``row_no``, the columns of the raw table that a row itself determines,
        ``user_id`` where there is one, ``is_partial``, ``problem`` (NULL where the row may land),
        ``problem_field`` and ``problem_value``.
    """
    columns = ",\n    ".join(f'{sql} as "{name}"' for name, sql in _columns(source).items())
    values = " ".join(f"when '{name}' then \"{name}\"" for name in _names(source))
    return f"""
with said as (
    select * {_replaced(source)}
    from {fields}
),
cast_once as (
    select
        *,
        {_casts(source)}
    from said
),
judged as (
    select
        *,
        exact_is_revoked and {source.id} is not null and ({source.what} is null
            or {source.at} is null) as is_partial
    from cast_once
),
checked as (
    select *, {_problem(source)} as verdict
    from judged
)
select
    row_no,
    {"user_id," if "user_id" in _names(source) else ""}
    coalesce(is_partial, false) as is_partial,
    split_part(verdict, '|', 1) as problem,
    split_part(verdict, '|', 2) as problem_field,
    case when verdict is not null then
        coalesce(_value, left(case split_part(verdict, '|', 2) {values} end, 200))
    end as problem_value,
    {columns}
from checked
"""


def _replaced(source: EventSource) -> str:
    """Texts that mean another: a revocation's own name, Langfuse's zoneless UTC and categories."""
    if "dialect" not in _names(source):
        return ""
    utc = "dialect = 'langfuse' and strlen({0}) between 16 and 26 and {0}[11] in ('T', ' ')"
    utc += " and {0}[-1] between '0' and '9' and {0}[-6] not in ('+', '-')"
    instants = ", ".join(
        f"case when {utc.format(name)} then {name} || 'Z' else {name} end as {name}"
        for name in source.of_kind("instant")
    )
    category = (
        f"dialect = 'langfuse' and not regexp_full_match(value, '{_NUMBER}')"
        " and not regexp_full_match(lower(value), 'true|false|nan|[+-]?inf(inity)?')"
    )
    return f"""replace (
            {instants},
            case
                when event_name is null and revokes_event_id is not null then 'revocation'
                else event_name
            end as event_name,
            case when {category} then null else value end as value,
            case
                when data_type in ('TEXT', 'CORRECTION') then null
                when label is null and {category} then value
                else label
            end as label
        )"""


def _casts(source: EventSource) -> str:
    """Each cast is written once: the checks and the columns both read its result."""
    casts = [f'exact_instant("{n}") as exact_{n}' for n in source.of_kind("instant")]
    casts += [f'exact_flag("{n}") as exact_{n}' for n in source.of_kind("flag")]
    casts += [
        f"regexp_full_match(\"{n}\", '{_NUMBER}') as is_number_{n},"
        f" case when lower(\"{n}\") = 'true' then 1 when lower(\"{n}\") = 'false' then 0"
        f' when is_number_{n} then try_cast("{n}" as decimal(38, 12)) end as exact_{n}'
        for n in source.of_kind("number")
    ]
    if source.words:
        words = ", ".join(f"'{word}': '{name}'" for word, name in source.words.items())
        plain = f"regexp_replace(trim(lower({source.what})), '[ .-]+', '_', 'g')"
        casts.append(f"map {{{words}}}[{plain}] as word")
    return ",\n        ".join(casts)


def _problem(source: EventSource) -> str:
    given_id = f"{source.id} is not null" if source.id else "false"
    whole = f"not coalesce(exact_is_revoked and {given_id}, false)"
    checks = [
        ("_reject is not null", "_reject || '|' || coalesce(_field, '')"),
        (f"{source.what} is null and {whole}", f"'missing_field|{source.what}'"),
        (f"{source.at} is null and {whole}", f"'missing_field|{source.at}'"),
    ]
    if source.words:
        what = source.what
        checks.append((f"{what} is not null and word is null", f"'unknown_value|{what}'"))
    for name in source.of_kind("instant"):
        exact = f"exact_{name}"
        possible = f"{exact} < {FIRST_POSSIBLE_TIME} or {exact} > now() + {CLOCK_SKEW}"
        checks += [
            (f'"{name}" is not null and {exact} is null', f"'bad_timestamp|{name}'"),
            (possible, f"'impossible_time|{name}'"),
        ]
    for name in source.of_kind("id", "user", "label"):
        is_id = f'strlen("{name}") > {MAX_ID_BYTES} or ' if name != "label" else ""
        checks.append(
            (
                f"{is_id}left(\"{name}\", 1) in ('{{', '[') or contains(\"{name}\", chr(0))",
                f"'wrong_type|{name}'",
            )
        )
    for name in source.of_kind("flag"):
        checks.append((f'"{name}" is not null and exact_{name} is null', f"'wrong_type|{name}'"))
    for name in source.of_kind("number"):
        kind = f"case when is_number_{name} then 'absurd_value' else 'wrong_type' end"
        checks.append((f'"{name}" is not null and exact_{name} is null', f"{kind} || '|{name}'"))
    cases = "\n        ".join(f"when {test} then {verdict}" for test, verdict in checks)
    return f"case\n        {cases}\n    end"


def _columns(source: EventSource) -> dict[str, str]:
    # ids stay as they are: the calls say them the same way, and are joined by them
    columns = {name: f'"{name}"' for name in source.of_kind("id")} | {
        "event_date": f"cast(exact_{source.at} as date)",
        source.id: f"coalesce({source.id}, {_identity(source)})",
        "source": f"'{source.name}'",
        source.at: f"exact_{source.at}",
        "observed_at": "exact_observed_at",
        "is_revoked": "coalesce(exact_is_revoked, false)",
        "tags": tags_sql(_PROSE),
        "source_line": "source_line",
    }
    if source.words:
        columns[source.what] = "word"
    if "provider" in columns:
        columns["provider"] = "lower(provider)"
    if "reference" in columns:
        columns["reference"] = cleaned_sql("reference")
    if "dialect" in _names(source):
        columns["dialect"] = "dialect"
        columns["value"] = "cast(exact_value as decimal(38, 12))"
        # a label is one of a few words; what is longer or has lines is somebody's prose
        prose = f"strlen(label) > {MAX_LABEL_BYTES} or contains(label, chr(10))"
        columns["label"] = f"case when {prose} then null else {cleaned_sql('label')} end"
    return columns


def _identity(source: EventSource) -> str:
    """An id from what a row speaks of; its measures count only where it names no such thing."""
    what = "word" if source.words else source.what
    who = ", ".join(f"coalesce(\"{name}\", '')" for name in source.scope)
    named = ", ".join(f'"{name}"' for name in source.keys)
    numbers = source.of_kind("number")
    measured = " || chr(31) || ".join(
        f"coalesce(cast({'exact_' if name in numbers else ''}{name} as varchar), '')"
        for name in source.tells_apart
    )
    at = f"cast(epoch_us(exact_{source.at}) as varchar)"
    return (
        f"'e-' || md5(concat_ws(chr(31), {what}, {at}, {who},"
        f" case when coalesce({named}) is null then {measured} else '' end))"
    )
