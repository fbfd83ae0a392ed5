"""What a build has to restate, and the state that the next build compares with.

The state lives in the warehouse file itself (`lake.build_state`, `lake.built_landings`), so it
is swapped in together with the tables it describes.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import duckdb

from pipeline.lake_views import LakeState

TESTED_CALLS = 250_000


@dataclass(frozen=True)
class BuildState:
    """What a finished build was made from."""

    code: str
    seeds: str
    lake: str


@dataclass(frozen=True)
class Plan:
    """What to restate.

    Attributes:
        full_because: why everything is rebuilt, or None.
        dates: UTC dates to restate.
        landing_count: landed files that no build has seen.
    """

    full_because: str | None
    dates: tuple[dt.date, ...]
    landing_count: int

    @property
    def is_empty(self) -> bool:
        """Whether the warehouse is up to date."""
        return self.full_because is None and not self.dates and not self.landing_count


def read_state(connection: duckdb.DuckDBPyConnection) -> BuildState | None:
    """The state a build left behind, or None in a warehouse without one."""
    found = connection.execute(
        "select count(*) from information_schema.tables "
        "where table_schema = 'lake' and table_name = 'build_state'"
    ).fetchone()
    if not found or not found[0]:
        return None
    row = connection.execute("select code, seeds, lake from lake.build_state").fetchone()
    return BuildState(*row) if row else None


def write_state(connection: duckdb.DuckDBPyConnection, state: BuildState) -> None:
    """Records that everything the lake views show has been built."""
    connection.execute(
        "create or replace table lake.build_state as "
        "select ? as code, ? as seeds, ? as lake, current_timestamp as built_at",
        [state.code, state.seeds, state.lake],
    )
    connection.execute(
        "create or replace table lake.built_landings as select landing_id from lake.landings"
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
    return None


def plan_full(connection: duckdb.DuckDBPyConnection, reason: str) -> Plan:
    """Restates every date of the lake."""
    rows = connection.execute(
        "select distinct event_date from lake.calls order by event_date"
    ).fetchall()
    landings = connection.execute("select count(*) from lake.landings").fetchone()
    return Plan(reason, tuple(row[0] for row in rows), landings[0] if landings else 0)


def plan_increment(connection: duckdb.DuckDBPyConnection) -> Plan:
    """Restates the dates of landings no build has seen, and what those change beside them."""
    landings = connection.execute(
        "select touched_dates from lake.landings "
        "where landing_id not in (select landing_id from lake.built_landings)"
    ).fetchall()
    touched = {
        dt.date.fromisoformat(date.strip())
        for (dates,) in landings
        for date in (dates or "").split(",")
        if date.strip()
    }
    dates = touched | _neighbours_changed(connection, touched)
    return Plan(None, tuple(sorted(dates)), len(landings))


def write_touched_dates(
    connection: duckdb.DuckDBPyConnection, plan: Plan, *, thorough: bool = False
) -> None:
    """Hands the dates to the models, and says which of them tests of single calls look at.

    Sums are checked on every touched date. Tests that look at single calls take the newest
    dates up to TESTED_CALLS, at least one, unless the build is thorough: else a full refresh
    would spend more on them than on the models.
    """
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
    return BuildState(code=code, seeds=seeds, lake=lake.versions)
