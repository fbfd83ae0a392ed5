"""Tasks over a series of builds: late calls and events, revoked and moved ones.

Each build restates only the tasks it must; in the end every table is what one build of
everything makes, and each task is what its story says.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.event_factory import Events, event
from tests.support.lake_factory import Lake, call
from tests.support.warehouse import build_lake, contents, public_tables, query

ENDS = (
    "fct_task_costs_daily",
    "fct_task_costs_by_version_daily",
    "fct_change_effects",
    "fct_tasks",
    "fct_calls",
)

ACME = {"tenant_id": "acme", "feature": "chat"}
GLOBEX = {"tenant_id": "globex", "feature": "chat"}


@pytest.fixture(scope="module")
def grown_and_rebuilt(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A lake built after each of its landings, and the same lake built once."""
    data = tmp_path_factory.mktemp("grown")
    events = Events(data)
    Lake(data).land(
        [
            call("w1", "2026-10-01 10:00", task_id="wins", **ACME),
            call("w2", "2026-10-03 10:00", task_id="wins", **GLOBEX),
            call("e1", "2026-10-05 12:00", task_id="early", **ACME),
            call("v1", "2026-10-02 08:00", task_id="vanishes", **ACME),
            call("l1", "2026-10-01 09:00", task_id="loses", **ACME),
            call("r1", "2026-10-02 09:00", run_id="run-1", **ACME),
            call("s1", "2026-10-02 11:00", task_id="s-one", session_id="s", **ACME),
            call("s2", "2026-10-02 12:00", task_id="s-two", session_id="s", **ACME),
            call("o1", "2026-10-01 10:00", task_id="other", feature="quiet"),
            call("none", "2026-10-02 10:00", **ACME),
        ]
    )
    events.land(
        [
            event("ev-w", "2026-10-02 10:00", task_id="wins"),
            event("ev-l", "2026-10-01 20:00", task_id="loses"),
            event("ev-early", "2026-10-04 10:00", task_id="early"),
            event("ev-cached", "2026-10-03 10:00", task_id="cached", **ACME),
            event("ev-later", "2026-10-03 11:00", task_id="later", **GLOBEX),
        ]
    )
    build_lake(data, *ENDS)

    # A call of two days earlier moves a task's cohort; the only call of another is corrected to
    # belong to no task; a task known by its event gets its first call.
    Lake(data).land(
        [
            call("e0", "2026-10-03 12:00", task_id="early", **ACME),
            call("v1", "2026-10-02 08:00", **ACME),
            call("t1", "2026-10-03 10:30", task_id="later", **ACME),
        ]
    )
    # An event by key makes a task of calls that landed before; another belongs to the last task
    # of its session.
    events.land(
        [
            event("ev-run", "2026-10-04 09:00", run_id="run-1"),
            event("ev-session", "2026-10-02 13:00", session_id="s", trace_id=None),
        ]
    )
    build_lake(data, *ENDS)

    # Success taken back by an event of its own, long after; the feature that nobody measured gets
    # its first event, and time passes every window.
    events.land(
        [
            event("ev-back", "2026-10-20 10:00", revokes_event_id="ev-w"),
            event("ev-o", "2026-10-03 10:00", task_id="other", event_name="task_failed"),
        ]
    )
    build_lake(data, *ENDS)

    # The run's event turns out to name a task; an event is corrected to be revoked; the event that
    # took success back is itself taken back.
    events.land(
        [
            event("ev-run", "2026-10-04 09:00", task_id="named"),
            event("ev-l", "2026-10-01 20:00", task_id="loses", is_revoked=True),
            event("ev-forward", "2026-10-21 10:00", revokes_event_id="ev-back"),
        ]
    )
    Lake(data).land([call("s2", "2026-10-02 13:30", task_id="s-two", session_id="s", **ACME)])
    build_lake(data, *ENDS)

    rebuilt = tmp_path_factory.mktemp("rebuilt")
    shutil.copytree(data / "raw", rebuilt / "raw")
    build_lake(rebuilt, *ENDS)
    return data, rebuilt


def test_incremental_equals_full_refresh(grown_and_rebuilt: tuple[Path, Path]) -> None:
    grown, rebuilt = grown_and_rebuilt
    tables = [*public_tables(rebuilt), "intermediate.int_tasks"]
    tables += [f"intermediate.int_task_{name}" for name in ("costs_summed_daily", "events")]
    for table in [*tables, "intermediate.int_task_costs_summed_by_cohort"]:
        assert contents(grown, table) == contents(rebuilt, table), table


def test_each_task_is_what_its_story_says(grown_and_rebuilt: tuple[Path, Path]) -> None:
    grown, _ = grown_and_rebuilt
    rows = query(
        grown,
        "select task_id, tenant_id, cast(opened_at as varchar), call_count, outcome_status "
        "from marts.fct_tasks order by task_id",
    )
    assert rows == [
        ("cached", "acme", "2026-10-03 10:00:00+00", 0, "success"),
        ("early", "acme", "2026-10-03 12:00:00+00", 2, "success"),
        ("later", "acme", "2026-10-03 10:30:00+00", 1, "success"),
        ("loses", "acme", "2026-10-01 09:00:00+00", 1, "expired"),
        ("named", "(unattributed)", "2026-10-04 09:00:00+00", 0, "success"),
        ("other", "(unattributed)", "2026-10-01 10:00:00+00", 1, "failure"),
        ("s-one", "acme", "2026-10-02 11:00:00+00", 1, "success"),
        ("s-two", "acme", "2026-10-02 13:30:00+00", 1, "expired"),
        ("wins", "acme", "2026-10-01 10:00:00+00", 2, "success"),
    ]


def test_calls_of_a_key_that_no_event_names_any_more_have_no_task(
    grown_and_rebuilt: tuple[Path, Path],
) -> None:
    grown, _ = grown_and_rebuilt
    rows = query(
        grown,
        "select event_id from marts.fct_calls where task_id is null order by event_id",
    )
    assert rows == [("none",), ("r1",), ("v1",)]
