"""Which version of an event counts, when an event id has been delivered more than once.

A version is one delivery of an event with all its component rows. The same content again is a
duplicate and is dropped; other content is a further version. Of the versions of an event exactly
one is current, in this order:

1. a whole record wins over a partial one (a stream's last snapshot carries a terminal marker);
2. the later ``observed_at`` wins; a record that does not say when it was written counts as
   written when it landed;
3. among unmarked snapshots of one stream, the one with most output tokens wins;
4. the later arrival wins.

The superseded versions stay in the lake with ``is_current = false``: kept, never counted.
"""

from __future__ import annotations

from ingest.schemas import CALLS

# Where and when a row was delivered is not part of what it says.
_DELIVERY = {
    "observed_at", "source_file", "source_line", "landing_id", "landed_at", "is_current",
    "event_date", "started_at_source",
}  # fmt: skip
_CONTENT = [f'"{name}"' for name in CALLS.names if name not in _DELIVERY | {"started_at"}]
# a time taken from the file is the delivery's, not the record's
_CONTENT.append("case when started_at_source <> 'file' then started_at end")


def resolve_sql(contested: str, existing: str | None) -> str:
    """SQL for one row per version of every contested event.

    Args:
        contested: relation of new rows: the columns of ``calls`` and ``arrival`` (file order).
        existing: relation of rows already written, with a column ``data_file``; or None.

    Returns:
        A SELECT with ``event_id``, ``landing_id``, ``source_file``, ``source_line``,
        ``is_new``, ``is_duplicate``, ``is_first_of_event``, ``is_current``.
    """
    content = ", ".join(_CONTENT)
    fields = "event_id, landing_id, source_file, source_line, component_index, observed_at"
    fields += ", landed_at, is_streamed, is_streamed_final, usage_status, output_tokens"
    old = f"union all select {fields}, false, 0, hash({content}) from {existing}"
    return f"""
with deliveries as (
    select {fields}, true as is_new, arrival, hash({content}) as content from {contested}
    {old if existing else ""}
),
versions as (
    select
        event_id,
        landing_id,
        source_file,
        source_line,
        is_new,
        min(arrival) as arrival,
        min(landed_at) as landed_at,
        list(content order by component_index) as content,
        bool_or(component_index = 0 and (
            is_streamed_final is not distinct from false or usage_status = 'partial'
        )) as is_partial,
        max(case
            when observed_at is not null then observed_at
            when is_streamed and is_streamed_final is null
                then timestamptz '1970-01-01 00:00:00+00'
            else landed_at
        end) as written_at,
        max(case when is_streamed and component_index = 0 then output_tokens end) as output_tokens
    from deliveries
    group by event_id, landing_id, source_file, source_line, is_new
),
compared as (
    select
        *,
        row_number() over (
            partition by event_id, content
            order by is_new, landed_at, arrival, source_line
        ) > 1 as is_duplicate
    from versions
),
ranked as (
    select
        *,
        row_number() over (
            partition by event_id, is_duplicate
            order by
                is_partial,
                written_at desc,
                coalesce(output_tokens, -1) desc,
                landed_at desc,
                is_new desc,
                arrival desc,
                source_line desc
        ) as preference,
        row_number() over (
            partition by event_id, is_duplicate
            order by is_new, landed_at, arrival, source_line
        ) as delivery
    from compared
)
select
    event_id,
    landing_id,
    source_file,
    source_line,
    is_new,
    is_duplicate,
    delivery = 1 as is_first_of_event,
    not is_duplicate and preference = 1 as is_current
from ranked
"""
