"""Which dates a new event restates, and that Python and SQL say the same of its keys."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import pytest
from jinja2 import Environment

from ingest.schemas import CALLS, INVOICE_SOURCES, PRODUCT_EVENTS, PROVIDER_SOURCES
from pipeline.plan_tasks import KEYS, REACH_AFTER, REACH_BEFORE, NewEvents, TaskDates, plan_tasks
from pipeline.settings import PROJECT


def macro(file: str, call: str) -> tuple[Any, str]:
    """What a macro of the project returns, and what it renders to."""
    returned: list[Any] = []
    text = (PROJECT / "macros" / Path(file)).read_text(encoding="utf-8")
    template = Environment().from_string(text + "{{ " + call + " }}")
    rendered = template.render({"return": lambda value: returned.append(value) or ""})
    return (returned[0] if returned else None), rendered.strip()


def test_keys_are_the_same_in_the_same_order() -> None:
    keys, _ = macro("outcomes/task_keys.sql", "task_keys()")
    assert tuple(column for _, column in keys) == KEYS


def test_keys_reach_as_far() -> None:
    _, condition = macro("outcomes/task_keys.sql", "in_reach_of_key('call', 'event')")
    assert f"event - interval {REACH_BEFORE} day" in condition
    assert f"event + interval {REACH_AFTER} day" in condition


def test_every_source_that_is_no_log_is_known_as_one() -> None:
    sources, _ = macro("outcomes/billing_sources.sql", "billing_sources()")
    assert set(sources) == {*PROVIDER_SOURCES, *INVOICE_SOURCES, "changes"}


def day(number: int) -> dt.date:
    return dt.date(2026, 10, number)


@pytest.fixture
def lake() -> duckdb.DuckDBPyConnection:
    """Events c takes back b takes back a; two calls of a run; a rule that knows `done`."""
    connection = duckdb.connect()
    connection.execute("create schema lake")
    connection.execute("create schema seeds")
    connection.execute(f"create table lake.calls ({CALLS.ddl()})")
    connection.execute(f"create table lake.product_events ({PRODUCT_EVENTS.ddl()})")
    connection.execute("create table seeds.success_events as select 'Done' as event_name")
    connection.execute(
        "insert into lake.calls (event_id, event_date, run_id) values "
        "('near', '2026-10-02', 'r'), ('other', '2026-10-03', 'x'), ('far', '2026-08-01', 'r')"
    )
    connection.execute(
        "insert into lake.product_events "
        "(event_id, event_date, landing_id, task_id, event_name, revokes_event_id) values "
        "('a', '2026-10-05', 'old', 't', 'done', null), "
        "('b', '2026-10-10', 'old', 't', 'done', 'a'), "
        "('c', '2026-10-20', 'new', 't', 'done', 'b')"
    )
    return connection


def plan(lake: duckdb.DuckDBPyConnection, *dates: dt.date, versions: bool = False) -> TaskDates:
    return plan_tasks(lake, set(), NewEvents(("new",), frozenset(dates), versions))


def test_an_event_restates_what_it_takes_back_two_steps_far(
    lake: duckdb.DuckDBPyConnection,
) -> None:
    assert plan(lake, day(20)) == TaskDates((), (day(5), day(10), day(20)))


def test_a_new_version_restates_what_the_older_one_said(lake: duckdb.DuckDBPyConnection) -> None:
    lake.execute(
        "insert into lake.product_events (event_id, event_date, landing_id, run_id, event_name) "
        "values ('k', '2026-10-06', 'old', 'r', 'done'), ('k', '2026-10-21', 'new', null, 'done')"
    )
    found = plan(lake, day(20), day(21), versions=True)
    assert found.calls == (day(2),)
    assert day(6) in found.events


@pytest.mark.parametrize(("name", "calls"), [("done", (day(2),)), ("tone", ())])
def test_a_key_restates_the_calls_it_reaches_where_a_rule_knows_the_event(
    lake: duckdb.DuckDBPyConnection, name: str, calls: tuple[dt.date, ...]
) -> None:
    lake.execute(
        "insert into lake.product_events (event_id, event_date, landing_id, run_id, event_name) "
        "values ('k', '2026-10-20', 'new', 'r', ?)",
        [name],
    )
    assert plan(lake, day(20)).calls == calls


def test_a_call_restates_the_events_whose_key_may_mean_it(
    lake: duckdb.DuckDBPyConnection,
) -> None:
    lake.execute(
        "insert into lake.product_events (event_id, event_date, landing_id, run_id) values "
        "('k', '2026-10-09', 'old', 'r'), ('l', '2026-10-11', 'old', 'r')"
    )
    found = plan_tasks(lake, {dt.date(2026, 9, 9)}, NewEvents((), frozenset(), False))
    assert found == TaskDates((dt.date(2026, 9, 9),), (day(9),))
