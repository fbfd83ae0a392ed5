"""Which dates the tasks of a build depend on, besides those of the calls that landed.

A product event may name the calls of its task by a key, and another event that it takes back or
replaces. So a new event can change what calls of other dates work for, and what events of other
dates count for. Older versions of it are looked at too: what they changed must be changed back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

import duckdb

# How far from its event a key may find calls, in days; in_reach_of_key says the same.
REACH_BEFORE, REACH_AFTER = 30, 1
# Kinds of key, narrowest first; task_keys says the same.
KEYS = ("operation_id", "request_id", "run_id", "trace_id", "session_id")


@dataclass(frozen=True)
class NewEvents:
    """What landed of product events since the last build.

    Attributes:
        landing_ids: their landings.
        dates: the dates these touched.
        have_versions: whether some replaced an event that had landed before.
    """

    landing_ids: tuple[str, ...]
    dates: frozenset[dt.date]
    have_versions: bool


@dataclass(frozen=True)
class TaskDates:
    """What to restate.

    Attributes:
        calls: UTC dates whose calls are summed by task anew.
        events: UTC dates whose product events are read anew.
    """

    calls: tuple[dt.date, ...] = ()
    events: tuple[dt.date, ...] = ()


def plan_tasks(
    connection: duckdb.DuckDBPyConnection, touched: Collection[dt.date], new: NewEvents
) -> TaskDates:
    """Widens the touched dates of calls and events by what each changes of the other."""
    _collect_events(connection, new)
    calls = set(touched) | _dates_of_named_calls(connection)
    events = set(new.dates) | _dates(connection, "select distinct event_date from changed_events")
    events |= _dates_of_events_by_key(connection, calls)
    connection.execute("drop table changed_events")
    return TaskDates(tuple(sorted(calls)), tuple(sorted(events)))


def _collect_events(connection: duckdb.DuckDBPyConnection, new: NewEvents) -> None:
    """Every version of the new events, and the events they take back, two steps far.

    Two steps, because an event may take back one that took back a third.
    """
    connection.execute(
        "create or replace temp table changed_events as select *, 0 as step "
        f"from lake.product_events where event_date in ({_listed(new.dates)}) "
        "and list_contains(?, landing_id)",
        [list(new.landing_ids)],
    )
    if new.have_versions:
        connection.execute(
            "insert into changed_events select *, 0 from lake.product_events "
            "where event_id in (select event_id from changed_events) "
            "and not list_contains(?, landing_id)",
            [list(new.landing_ids)],
        )
    for step in (1, 2):
        [(named,)] = connection.execute(
            "select count(*) from changed_events where step = ? - 1 "
            "and coalesce(revokes_event_id, supersedes_event_id) is not null",
            [step],
        ).fetchall()
        if named:
            connection.execute(
                "insert into changed_events select *, ? from lake.product_events "
                "where event_id in ("
                "select unnest([revokes_event_id, supersedes_event_id]) from changed_events "
                "where step = ? - 1)",
                [step, step],
            )


def _dates_of_named_calls(connection: duckdb.DuckDBPyConnection) -> set[dt.date]:
    """Dates of the calls that a changed event without a task id may mean."""
    kinds = " ".join(f"when {column} is not null then '{column}'" for column in KEYS)
    rows = connection.execute(
        f"""
        select
            case {kinds} end as key_column,
            coalesce({", ".join(KEYS)}) as key_value,
            event_date
        from changed_events as events
        where
            task_id is null
            and step = 0
            and key_value is not null
            and exists (
                select 1
                from seeds.success_events as rules
                where rules.event_name = '*' or lower(rules.event_name) = lower(events.event_name)
            )
        """
    ).fetchall()
    if not rows:
        return set()
    reached = {
        date + dt.timedelta(days=step)
        for date in {row[2] for row in rows}
        for step in range(-REACH_BEFORE, REACH_AFTER + 1)
    }
    found: set[dt.date] = set()
    for column in sorted({row[0] for row in rows}):
        values = sorted({row[1] for row in rows if row[0] == column})
        connection.execute("create or replace temp table keys (value varchar)")
        connection.execute("insert into keys select unnest(?::varchar[])", [values])
        found |= _dates(
            connection,
            f"select distinct event_date from lake.calls where event_date in ({_listed(reached)}) "
            f"and {column} in (select value from keys)",
        )
    return found


def _dates_of_events_by_key(
    connection: duckdb.DuckDBPyConnection, calls: Collection[dt.date]
) -> set[dt.date]:
    """Dates of events without a task id whose calls may be on the given dates."""
    near = {
        date + dt.timedelta(days=step)
        for date in calls
        for step in range(-REACH_AFTER, REACH_BEFORE + 1)
    }
    return _dates(
        connection,
        "select distinct event_date from lake.product_events "
        f"where event_date in ({_listed(near)}) and task_id is null",
    )


def _dates(connection: duckdb.DuckDBPyConnection, query: str) -> set[dt.date]:
    return {row[0] for row in connection.execute(query).fetchall()}


def _listed(dates: Collection[dt.date]) -> str:
    """The dates as SQL literals; one that never was where there are none."""
    return ", ".join(f"date '{date}'" for date in sorted(dates)) or "null"
