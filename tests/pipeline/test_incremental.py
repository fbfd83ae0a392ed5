"""A series of builds ends where one build of everything ends, row for row."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.lake_factory import Lake, call
from tests.support.warehouse import build_lake, contents, public_tables, query

# The ledger and its rollups; tasks, budgets, bills and detection have such a test of their own.
ENDS = (
    "fct_calls",
    "fct_call_charges",
    "fct_landing_audit",
    "fct_retrieval_costs_daily",
    "fct_waste_daily",
    "fct_workflow_costs_daily",
    "rpt_feature_model_hourly",
    "rpt_spend_by_feature_daily",
    "rpt_spend_by_model_daily",
    "rpt_spend_by_tenant_daily",
    "rpt_unattributed_spend",
    "rpt_unpriced_spend",
)


@pytest.fixture(scope="module")
def grown_and_rebuilt(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A lake built after each landing, and the same lake built once."""
    grown = tmp_path_factory.mktemp("grown")
    lake = Lake(grown)
    acme = {"tenant_id": "acme", "feature": "chat"}
    lake.land(
        [
            call("first", "2026-10-01 10:00", **acme),
            call("thrown", "2026-10-01 23:59", operation_id="op", attempt=1, **acme),
            call("moved", "2026-10-02 09:00", tenant_id="globex"),
            call("kept", "2026-10-03 09:00", operation_id="late", attempt=2, **acme),
            call("only", "2026-10-05 09:00", tenant_id="initech"),
        ]
    )
    assert build_lake(grown, *ENDS).plan.full_because == "first build"

    # The retry of a call that had succeeded the day before: that day's chargeable cost falls.
    lake.land([call("served", "2026-10-02 00:01", operation_id="op", attempt=2, **acme)])
    report = build_lake(grown, *ENDS)
    assert [str(date) for date in report.plan.dates] == ["2026-10-01", "2026-10-02"]

    # A late row on an old day, of an operation known from the day after, and a new combination
    # of dimensions; a correction that moves a call to another date.
    lake.land(
        [
            call("early", "2026-10-02 23:50", operation_id="late", attempt=1, team="core"),
            call("moved", "2026-10-04 09:00", tenant_id="globex", output_tokens=500),
        ]
    )
    report = build_lake(grown, *ENDS)
    days = [date.day for date in report.plan.dates]
    assert days == [1, 2, 3, 4], "1: its success is followed by one of the touched second"

    # The only call of a day moves away: the day must become empty.
    lake.land([call("only", "2026-10-04 23:00", tenant_id="initech")])
    build_lake(grown, *ENDS)

    # The thrown-away answer's successor turns out to have failed: the first one serves again.
    lake.land(
        [
            call(
                "served",
                "2026-10-02 00:01",
                operation_id="op",
                attempt=2,
                outcome="error",
                **acme,
            )
        ]
    )
    build_lake(grown, *ENDS)

    rebuilt = tmp_path_factory.mktemp("rebuilt")
    shutil.copytree(grown / "raw", rebuilt / "raw")
    build_lake(rebuilt, *ENDS)
    return grown, rebuilt


def test_incremental_equals_full_refresh(grown_and_rebuilt: tuple[Path, Path]) -> None:
    grown, rebuilt = grown_and_rebuilt
    tables = public_tables(rebuilt)
    assert public_tables(grown) == tables
    assert len(tables) > 15
    for table in tables:
        assert contents(grown, table) == contents(rebuilt, table), table


def test_a_day_that_lost_its_only_call_is_empty(grown_and_rebuilt: tuple[Path, Path]) -> None:
    grown, _ = grown_and_rebuilt
    rows = query(
        grown,
        "select count(*) from marts.fct_tenant_costs_daily where cost_date = date '2026-10-05'",
    )
    assert rows == [(0,)]


def test_the_first_answer_serves_again(grown_and_rebuilt: tuple[Path, Path]) -> None:
    grown, _ = grown_and_rebuilt
    rows = query(
        grown,
        "select event_id, is_served from marts.fct_calls where operation_id = 'op' order by 1",
    )
    assert rows == [("served", False), ("thrown", True)]


def test_a_late_first_attempt_begins_the_operation(
    grown_and_rebuilt: tuple[Path, Path],
) -> None:
    grown, _ = grown_and_rebuilt
    rows = query(
        grown,
        "select event_id, is_operation_start, is_served from marts.fct_calls "
        "where operation_id = 'late' order by 1",
    )
    assert rows == [("early", True, False), ("kept", False, True)]


def test_a_build_without_news_does_nothing(grown_and_rebuilt: tuple[Path, Path]) -> None:
    grown, _ = grown_and_rebuilt
    before = (grown / "warehouse.duckdb").stat()
    report = build_lake(grown, *ENDS)
    assert report.dbt is None
    after = (grown / "warehouse.duckdb").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
