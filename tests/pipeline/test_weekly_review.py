"""The weekly review of a lake that grows: the right week, all of its money, and nothing older."""

from __future__ import annotations

import datetime as dt
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.dbt_runner import run_dbt
from pipeline.plan import plan_full, write_touched_dates
from pipeline.seeds import PROJECT_SEEDS
from pipeline.settings import Settings
from publish.reports import write_reports
from tests.support.lake_factory import Lake, call
from tests.support.warehouse import build_lake, contents, manifest, query

ENDS = ("rpt_weekly_review", "rpt_top_tenants", "rpt_tokens_per_successful_task")

MONDAY = dt.date(2026, 9, 7)
TABLES = (
    "intermediate.int_review_weeks",
    "intermediate.int_review_costs_hourly",
    "intermediate.int_review_calls_counted",
    "marts.fct_review_costs_weekly",
    "marts.fct_review_calls_weekly",
    "marts.fct_review_spikes_weekly",
    "marts.fct_review_task_costs_weekly",
    "marts.fct_review_budgets_weekly",
    "reports.rpt_weekly_review",
    "reports.rpt_top_tenants",
    "reports.rpt_tokens_per_successful_task",
)
TIE_OUT = "assert_weekly_review_ties_to_daily_costs"
FAULTS = {
    "a tenant's day lost": "delete from marts.fct_tenant_costs_daily "
    "where tenant_id = 't3' and cost_date = '2026-09-23'",
    "a trillionth of a dollar too much last week": "update marts.fct_review_costs_weekly "
    "set billed_cost_usd = billed_cost_usd + 0.000000000001 "
    "where scope_type = 'workflow' and weeks_ago = 1",
    "a call the lake has and the costs do not": "update marts.fct_review_calls_weekly "
    "set call_count = call_count + 1 where scope_type = 'org' and weeks_ago = 0",
}


def _day(number: int) -> str:
    return (MONDAY + dt.timedelta(days=number)).isoformat()


def _cost(tenant: int, number: int) -> Decimal:
    return Decimal(tenant + 1) + Decimal(number) / 8


def _calls(first: int, last: int) -> list[dict[str, Any]]:
    """Seven tenants a day, t0 to t6; the even ones run a workflow, t6 is unpriced."""
    rows = []
    for number in range(first, last):
        for tenant in range(7):
            said: dict[str, Any] = {"tenant_id": f"t{tenant}", "feature": "chat"}
            if tenant % 2 == 0:
                said["workflow_id"] = f"w{tenant}"
            if tenant == 6:
                said["model"] = "no-such-model"
            else:
                said["provider_cost_usd"] = _cost(tenant, number)
            rows.append(call(f"{tenant}.{number}", f"{_day(number)} 2{tenant % 4}:00", **said))
    return rows


@pytest.fixture(scope="module")
def lakes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A lake grown over the end of a week, with a late call, and the same built at once."""
    folder = tmp_path_factory.mktemp("weekly")
    grown, rebuilt = folder / "grown", folder / "rebuilt"
    lake = Lake(grown)
    lake.land(_calls(0, 13))
    build_lake(grown, *ENDS)
    # The 13th day is a Saturday: only the first week is over.
    assert query(grown, "select * from intermediate.int_review_weeks") == [
        (MONDAY, MONDAY + dt.timedelta(days=6), 0)
    ]
    lake.land(_calls(13, 23))
    lake.land([call("late", f"{_day(8)} 23:30", tenant_id="t0", provider_cost_usd=Decimal(100))])
    build_lake(grown, *ENDS)
    shutil.copytree(grown / "raw", rebuilt / "raw")
    build_lake(rebuilt, *ENDS)
    return grown, rebuilt


def test_incremental_equals_full_refresh(lakes: tuple[Path, Path]) -> None:
    for table in TABLES:
        assert contents(lakes[0], table) == contents(lakes[1], table), table


def test_the_top_list_is_that_of_the_newest_complete_week(lakes: tuple[Path, Path]) -> None:
    rows = query(
        lakes[0],
        "select subject, value_usd, previous_value_usd from reports.rpt_weekly_review "
        "where section = 'top_tenants' and metric = 'billed_cost_usd' "
        f"and week_start_date = date '{_day(14)}' order by section_rank",
    )

    def week(tenant: int, first: int) -> Decimal:
        return sum((_cost(tenant, number) for number in range(first, first + 7)), Decimal(0))

    late = {0: Decimal(100)}
    named = [(f"t{t}", week(t, 14), week(t, 7) + late.get(t, 0)) for t in (5, 4, 3, 2, 1)]
    others = ("(others)", week(0, 14), week(0, 7) + late[0])
    assert rows == [*named, others]


def test_only_two_weeks_are_kept_by_the_hour(lakes: tuple[Path, Path]) -> None:
    span = query(
        lakes[0],
        "select min(reporting_date), max(reporting_date) from intermediate.int_review_costs_hourly",
    )
    assert span == [(MONDAY + dt.timedelta(days=7), MONDAY + dt.timedelta(days=20))]


@pytest.mark.parametrize("fault", FAULTS)
def test_the_fault_is_found(fault: str, lakes: tuple[Path, Path], tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    settings.workshop.mkdir()
    shutil.copyfile(lakes[0] / "warehouse.duckdb", settings.draft)
    assert _run(settings) == ["pass"], "the test must pass before the fault is planted"
    with duckdb.connect(str(settings.draft)) as connection:
        write_touched_dates(connection, plan_full(connection, "planted fault"))
        connection.execute(FAULTS[fault])
    assert _run(settings) == ["fail"]


def test_two_days_are_no_week(built_lake: Path, tmp_path: Path) -> None:
    found = query(built_lake, "select section, note from reports.rpt_weekly_review")
    assert found == [
        (
            "no_complete_week",
            "No complete week yet: a review needs calls from a Monday to the end of a Sunday; "
            "calls are known from 2026-10-01 to 2026-10-02",
        )
    ]
    write_reports(built_lake / "warehouse.duckdb", tmp_path)
    assert "No complete week yet" in (tmp_path / "weekly_review.md").read_text()


def _run(settings: Settings) -> list[str]:
    result = run_dbt(settings, ["test", "--select", TIE_OUT], PROJECT_SEEDS, manifest())
    return [node.status for node in result.nodes]
