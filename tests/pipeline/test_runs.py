"""Workflow runs over a series of builds: late calls, runs that move and vanish, a loop.

Each build restates only the runs and days it must; in the end every table is what one build of
everything makes, and what is typical is what Python counts from the calls.
"""

from __future__ import annotations

import datetime as dt
import shutil
import statistics
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.dbt_runner import run_dbt
from pipeline.plan import plan_full, write_touched_dates
from pipeline.seeds import PROJECT_SEEDS
from pipeline.settings import Settings
from tests.support.event_factory import Events, event
from tests.support.lake_factory import Lake, at, call
from tests.support.warehouse import build_lake, contents, manifest, public_tables, query

ENDS = ("fct_workflow_runs", "fct_workflow_costs_daily", "fct_tasks", "fct_costs_hourly")

TRIAGE = {"workflow_id": "triage", "tenant_id": "acme", "feature": "support"}
TABLES = [
    "int_run_costs_summed_daily",
    "int_runless_costs_summed_daily",
    "int_workflow_runs",
    "int_run_steps_counted_daily",
    "int_workflow_steps_typical",
    "int_workflow_costs_summed_daily",
]


def run(run_id: str, started_at: str, steps: int, **fields: Any) -> Iterator[dict[str, Any]]:
    """A run of so many steps, one a minute."""
    first = at(started_at)
    for step in range(steps):
        moment = (first + dt.timedelta(minutes=step)).strftime("%Y-%m-%d %H:%M")
        yield call(f"{run_id}-{step}", moment, run_id=run_id, **(TRIAGE | fields))


def history() -> list[dict[str, Any]]:
    """Runs of 2, 3 and 4 steps, two a day for fifteen days, over by midnight."""
    return [
        row
        for day in range(1, 16)
        for number in (0, 1)
        for row in run(f"h-{day}-{number}", f"2026-10-{day:02} 0{number}:00", 2 + day % 3)
    ]


@pytest.fixture(scope="module")
def grown_and_rebuilt(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A lake built after each of its landings, and the same lake built once."""
    data = tmp_path_factory.mktemp("grown")
    lake = Lake(data)
    lake.land(
        [
            *history(),
            *run("loop", "2026-10-16 10:00", 16),
            *run("brisk", "2026-10-16 10:00", 15),
            *run("turns", "2026-10-16 10:00", 11),
            *run("young", "2026-10-01 10:00", 90),
            *run("moves", "2026-10-16 12:00", 2),
            *run("vanishes", "2026-10-14 12:00", 1),
            *run("worked", "2026-10-16 13:00", 1, task_id="t"),
            *run("named", "2026-10-16 14:00", 1),
            call("alone", "2026-10-16 15:00", run_id="alone", outcome="error"),
            call("beside", "2026-10-16 15:00", workflow_id="triage"),
            call("neither", "2026-10-16 15:00"),
        ]
    )
    build_lake(data, *ENDS)

    # A call of the day before makes a run begin there, in another workflow; the only call of one
    # turns out to be of no run, as an error turns out to be of another run's.
    lake = Lake(data)
    lake.land(
        [
            call("m-early", "2026-10-15 23:59", run_id="moves", workflow_id="draft"),
            call("vanishes-0", "2026-10-14 12:00", **TRIAGE),
            call("alone", "2026-10-16 15:00", run_id="brisk", outcome="error", **TRIAGE),
        ]
    )
    build_lake(data, *ENDS)

    # An event by key gives a run a task; an old run goes on, which later days know; runs of two
    # weeks ago land late, and 11 steps are the loop they were not.
    Events(data).land([event("ev", "2026-10-17 09:00", run_id="named")])
    lake = Lake(data)
    lake.land(
        [
            *[
                row
                for number in range(25)
                for row in run(f"h-late-{number}", "2026-10-02 05:00", 2)
            ],
            *[
                call(f"late-{number}", "2026-10-17 08:00", run_id="h-15-0", **TRIAGE)
                for number in range(3)
            ],
            *run("last", "2026-10-18 10:00", 1),
        ]
    )
    build_lake(data, *ENDS)

    rebuilt = tmp_path_factory.mktemp("rebuilt")
    shutil.copytree(data / "raw", rebuilt / "raw")
    build_lake(rebuilt, *ENDS)
    return data, rebuilt


def test_incremental_equals_full_refresh(grown_and_rebuilt: tuple[Path, Path]) -> None:
    grown, rebuilt = grown_and_rebuilt
    for table in [*public_tables(rebuilt), *[f"intermediate.{name}" for name in TABLES]]:
        assert contents(grown, table) == contents(rebuilt, table), table


def test_each_run_is_what_its_story_says(grown_and_rebuilt: tuple[Path, Path]) -> None:
    rows = query(
        grown_and_rebuilt[0],
        "select run_id, workflow_id, cast(started_date as varchar), step_count, outcome, "
        "task_outcome_status, limits_exceeded, is_open from marts.fct_workflow_runs "
        "where run_id not like 'h-%' order by run_id",
    )
    assert rows == [
        ("brisk", "triage", "2026-10-16", 16, "failed", None, "typical steps", False),
        ("last", "triage", "2026-10-18", 1, "success", None, None, True),
        ("loop", "triage", "2026-10-16", 16, "success", None, "typical steps", False),
        ("moves", "draft", "2026-10-15", 3, "success", None, None, False),
        ("named", "triage", "2026-10-16", 1, "success", "success", None, False),
        ("turns", "triage", "2026-10-16", 11, "success", None, "typical steps", False),
        ("worked", "triage", "2026-10-16", 1, "success", "pending", None, False),
        ("young", "triage", "2026-10-01", 90, "success", None, None, False),
    ]


def test_typical_steps_are_what_python_counts(grown_and_rebuilt: tuple[Path, Path]) -> None:
    """From the raw calls: each one here is a step, and the first of a run says its workflow."""
    grown, _ = grown_and_rebuilt
    calls = query(
        grown,
        "select run_id, coalesce(workflow_id, '(unattributed)'), started_at from lake.calls "
        "where is_current and run_id is not null order by started_at, event_id",
    )
    runs: dict[str, list[tuple[str, dt.date]]] = {}
    for run_id, workflow, started_at in calls:
        runs.setdefault(run_id, []).append((workflow, started_at.astimezone(dt.UTC).date()))
    expected = set()
    for workflow, day in {rows[0] for rows in runs.values()}:
        steps = [
            sum(date < day for _, date in rows)
            for rows in runs.values()
            if rows[0][0] == workflow
            and dt.timedelta(0) < day - rows[0][1] <= dt.timedelta(days=28)
        ]
        typical = Decimal(statistics.median(steps)) if steps else None
        expected.add((day, workflow, len(steps), typical))
    found = query(
        grown,
        "select started_date, workflow_id, history_run_count, typical_step_count "
        "from intermediate.int_workflow_steps_typical",
    )
    assert set(found) == expected
    assert len(found) == len(expected) == 18


def test_the_calls_of_no_run_stand_beside(grown_and_rebuilt: tuple[Path, Path]) -> None:
    rows = query(
        grown_and_rebuilt[0],
        "select cast(cost_date as varchar), workflow_id, run_count, runless_call_count, "
        "no_workflow_call_count from marts.fct_workflow_costs_daily "
        "where runless_call_count + no_workflow_call_count > 0 order by 1, 2",
    )
    assert rows == [
        ("2026-10-14", "triage", 2, 1, 0),
        ("2026-10-16", "(unattributed)", 0, 0, 1),
        ("2026-10-16", "triage", 5, 1, 0),
    ]


IN_A_RUN_OR_BESIDE_ONE = "assert_every_call_is_in_a_run_or_beside_one"
THE_LEDGER = "assert_workflow_costs_are_the_ledger"
THEIR_RUNS = "assert_workflow_days_sum_their_runs"
DAILY = "marts.fct_workflow_costs_daily"

FAULTS = {
    "a run's day lost, a hair of money made up, a loop not counted": (
        [
            "delete from intermediate.int_run_costs_summed_daily where run_id = 'loop'",
            f"update {DAILY} set no_workflow_cost_usd = no_workflow_cost_usd + 0.000000000001 "
            "where workflow_id = '(unattributed)'",
            f"update {DAILY} set runaway_run_count = runaway_run_count - 1 "
            "where cost_date = '2026-10-16' and workflow_id = 'triage'",
        ],
        {IN_A_RUN_OR_BESIDE_ONE, THE_LEDGER, THEIR_RUNS},
    ),
    "a workflow's day lost": (
        [f"delete from {DAILY} where workflow_id = 'draft'"],
        {THE_LEDGER, THEIR_RUNS},
    ),
    "a call beside the runs counted twice": (
        ["update intermediate.int_runless_costs_summed_daily set call_count = call_count + 1"],
        {IN_A_RUN_OR_BESIDE_ONE},
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_fault_is_found(
    fault: str, grown_and_rebuilt: tuple[Path, Path], tmp_path: Path
) -> None:
    plantings, finders = FAULTS[fault]
    settings = Settings(data=tmp_path)
    settings.workshop.mkdir()
    shutil.copyfile(grown_and_rebuilt[0] / "warehouse.duckdb", settings.draft)
    with duckdb.connect(str(settings.draft)) as connection:
        write_touched_dates(connection, plan_full(connection, "planted fault"))
        for planting in plantings:
            connection.execute(planting)
    tests = [IN_A_RUN_OR_BESIDE_ONE, THE_LEDGER, THEIR_RUNS]
    result = run_dbt(settings, ["test", "--select", *tests], PROJECT_SEEDS, manifest())
    assert {node.name for node in result.nodes if node.status == "fail"} == finders
    assert len(result.nodes) == len(tests)
