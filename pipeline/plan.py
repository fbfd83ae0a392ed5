"""What a build has to restate, and the state that the next build compares with.

The state lives in the warehouse file itself (`lake.build_state`, `lake.built_landings`), so it
is swapped in together with the tables it describes.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import duckdb

from ingest.schemas import EVENT_SOURCES, INVOICE_SOURCES, PROVIDER_SOURCES
from pipeline.lake_views import LakeState
from pipeline.plan_tasks import NewEvents, TaskDates, plan_tasks

TESTED_CALLS = 100_000
NO_TASK_DATES = TaskDates()
DATELESS_SOURCES = frozenset(PROVIDER_SOURCES + INVOICE_SOURCES + EVENT_SOURCES)


@dataclass(frozen=True)
class BuildState:
    """What a finished build was made from."""

    code: str
    seeds: str
    lake: str
    lake_id: str


@dataclass(frozen=True)
class Plan:
    """What to restate.

    Attributes:
        full_because: why everything is rebuilt, or None.
        dates: UTC dates to restate.
        task_dates: those the tasks are restated for (pipeline/plan_tasks.py).
        landing_count: landed files that no build has seen.
        has_new_closes: whether a month was closed, or closed again, since the last build.
    """

    full_because: str | None
    dates: tuple[dt.date, ...]
    landing_count: int
    has_new_closes: bool = False
    task_dates: TaskDates = NO_TASK_DATES

    @property
    def is_empty(self) -> bool:
        """Whether the warehouse is up to date."""
        has_news = self.dates or self.landing_count or self.has_new_closes
        return self.full_because is None and not has_news


def read_state(connection: duckdb.DuckDBPyConnection) -> BuildState | None:
    """The state a build left behind, or None in a warehouse without one."""
    found = connection.execute(
        "select count(*) from information_schema.columns where table_schema = 'lake' "
        "and table_name = 'build_state' and column_name = 'lake_id'"
    ).fetchone()
    if not found or not found[0]:
        return None
    row = connection.execute("select code, seeds, lake, lake_id from lake.build_state").fetchone()
    return BuildState(*row) if row else None


def write_state(connection: duckdb.DuckDBPyConnection, state: BuildState) -> None:
    """Records that everything the lake views show has been built."""
    connection.execute(
        "create or replace table lake.build_state as "
        "select ? as code, ? as seeds, ? as lake, ? as lake_id, current_timestamp as built_at",
        [state.code, state.seeds, state.lake, state.lake_id],
    )
    connection.execute(
        "create or replace table lake.built_landings as select landing_id from lake.landings"
    )
    connection.execute(
        "create or replace table lake.built_closes as select * from lake.month_closes"
    )


def why_full(previous: BuildState | None, current: BuildState, asked: bool) -> str | None:
    """The reason to rebuild everything, or None when an increment will do."""
    if asked:
        return "asked for"
    if previous is None:
        return "first build"
    if previous.code != current.code:
        return "models, macros, settings or engine changed"
    if previous.seeds != current.seeds:
        return "seeds changed"
    if previous.lake_id not in ("", current.lake_id):
        return "TOKENHOUSE_DATA names another lake"
    return None


def plan_full(connection: duckdb.DuckDBPyConnection, reason: str) -> Plan:
    """Restates every date of the lake."""
    rows = connection.execute(
        "select distinct event_date from lake.calls order by event_date"
    ).fetchall()
    landings = connection.execute("select count(*) from lake.landings").fetchone()
    return Plan(reason, tuple(row[0] for row in rows), landings[0] if landings else 0)


def plan_increment(connection: duckdb.DuckDBPyConnection) -> Plan:
    """Restates the dates of landings no build has seen, and what those change beside them.

    Only calls have dates to restate: what providers bill is small and computed whole, and a
    product event restates its task, wherever that began.
    """
    landings = connection.execute(
        "select source, touched_dates, landing_id, rows_superseding from lake.landings "
        "where landing_id not in (select landing_id from lake.built_landings)"
    ).fetchall()
    touched = {
        date for row in landings if row[0] not in DATELESS_SOURCES for date in _read_dates(row[1])
    }
    dates = touched | _neighbours_changed(connection, touched)
    of_events = [row for row in landings if row[0] == "product-events"]
    new_events = NewEvents(
        tuple(row[2] for row in of_events),
        frozenset(date for row in of_events for date in _read_dates(row[1])),
        any(row[3] for row in of_events),
    )
    return Plan(
        None,
        tuple(sorted(dates)),
        len(landings),
        _has_new_closes(connection),
        plan_tasks(connection, dates, new_events),
    )


def _read_dates(text: str | None) -> set[dt.date]:
    return {dt.date.fromisoformat(date.strip()) for date in (text or "").split(",") if date.strip()}


def _has_new_closes(connection: duckdb.DuckDBPyConnection) -> bool:
    rows = connection.execute(
        "select count(*) from (select * from lake.month_closes "
        "except select * from lake.built_closes)"
    ).fetchone()
    return bool(rows and rows[0])


def write_touched_dates(
    connection: duckdb.DuckDBPyConnection, plan: Plan, *, thorough: bool = False
) -> None:
    """Hands the dates and the new landings to the models, and says which dates tests look at.

    Sums are checked on every touched date. Tests that look at single calls take the newest
    dates up to TESTED_CALLS, at least one, unless the build is thorough: else a full refresh
    would spend more on them than on the models.
    """
    built = "" if plan.full_because else "except select landing_id from lake.built_landings"
    connection.execute(
        "create or replace table lake.new_landings as "
        f"select distinct landing_id from lake.landings {built}"
    )
    for name, dates in (("task", plan.task_dates.calls), ("event", plan.task_dates.events)):
        connection.execute(
            f"create or replace table lake.touched_{name}_dates as "
            "select unnest(?::date[]) as event_date",
            [list(dates)],
        )
    connection.execute(
        "create or replace table lake.touched_dates (event_date date, is_tested boolean)"
    )
    if not plan.dates:
        return
    connection.executemany(
        "insert into lake.touched_dates values (?, true)", [[date] for date in plan.dates]
    )
    if not thorough:
        connection.execute(
            """
            update lake.touched_dates
            set is_tested = false
            where event_date in (
                select event_date
                from (
                    select
                        touched.event_date,
                        sum(coalesce(counted.call_count, 0)) over newer as newer_call_count
                    from lake.touched_dates as touched
                    left join (
                        select event_date, count(*) as call_count
                        from lake.calls
                        group by event_date
                    ) as counted
                        on touched.event_date = counted.event_date
                    window newer as (
                        order by touched.event_date desc
                        rows between unbounded preceding and 1 preceding
                    )
                )
                where newer_call_count > ?
            )
            """,
            [TESTED_CALLS],
        )


def _neighbours_changed(
    connection: duckdb.DuckDBPyConnection, touched: set[dt.date]
) -> set[dt.date]:
    """Untouched dates whose retried operations a touched neighbour may change.

    Attempts of one operation may lie on both sides of midnight. A touched call changes a call of
    the day before only if both succeeded (the later one serves the operation), and a call of the
    day after in any case (it no longer begins the operation). Superseded versions of the touched
    calls are looked at too: what they changed must be changed back. Too many dates would only
    cost time; int_attempts_resolved decides.
    """
    day = dt.timedelta(days=1)
    neighbours = {date + step for date in touched for step in (-day, day)} - touched
    if not neighbours:
        return set()
    rows = connection.execute(
        f"""
        select distinct neighbour.event_date
        from lake.calls as neighbour
        inner join lake.calls as touched
            on neighbour.operation_id = touched.operation_id
        where
            neighbour.event_date in ({_dates(neighbours)})
            and neighbour.is_current
            and neighbour.component_index = 0
            and touched.event_date in ({_dates(touched)})
            and touched.component_index = 0
            and (
                touched.event_date = neighbour.event_date - 1
                or (
                    touched.event_date = neighbour.event_date + 1
                    and touched.outcome = 'success'
                    and neighbour.outcome = 'success'
                )
            )
        """
    ).fetchall()
    return {row[0] for row in rows}


def _dates(dates: set[dt.date]) -> str:
    return ", ".join(f"date '{date}'" for date in sorted(dates))


def current_state(code: str, seeds: str, lake: LakeState) -> BuildState:
    """The state a build of this code over this lake leaves behind."""
    return BuildState(code, seeds, lake.versions, lake.calls.lake_id)
