"""The demo's comparison of outcomes: it agrees with what is right, and names what is not.

The marts here are small tables of the same columns, written by hand.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import duckdb
import pytest
from rich.console import Console

from pipeline.demo_outcomes import compare_outcomes
from pipeline.demo_worth import show_worth

Json = dict[str, Any]
WIDTH = 106  # the demo's narrowest console
MARTS = """
create schema marts;
create table marts.fct_tasks (
    task_id varchar, tenant_id varchar, feature varchar, has_calls boolean, is_success boolean,
    call_count bigint, unpriced_call_count bigint, billed_cost_usd decimal(38, 12)
);
insert into marts.fct_tasks values
    ('a', 'acme', 'chat', true, true, 2, 0, 0.30),
    ('b', 'acme', 'chat', true, false, 1, 1, null),
    ('c', 'globex', 'chat', true, true, 1, 0, 0.40),
    ('d', 'globex', 'chat', false, true, 0, 0, null),
    ('e', 'globex', 'index', true, null, 1, 0, 0.05);
create table marts.fct_task_costs_daily (
    billed_cost_usd decimal(38, 12), untasked_call_count bigint, untasked_cost_usd decimal(38, 12)
);
insert into marts.fct_task_costs_daily values (0.70, 0, 0), (0.05, 3, 1.25);
create table marts.fct_costs_hourly (billed_cost_usd decimal(38, 12));
insert into marts.fct_costs_hourly values (1.25), (0.75);
create table marts.fct_tenant_margins_monthly (
    tenant_id varchar, cost_month varchar, is_month_complete boolean,
    revenue_usd decimal(38, 12), direct_cost_usd decimal(38, 12), cost_usd decimal(38, 12),
    projected_revenue_usd decimal(38, 12), projected_cost_usd decimal(38, 12),
    costs_more_than_it_pays boolean
);
insert into marts.fct_tenant_margins_monthly values
    ('acme', '2026-10', true, 10, 11, 12, 10, 12, true),
    ('acme', '2026-11', false, 10, 5, 6, 10, 14, true),
    ('globex', '2026-10', true, 10, 1, 2, 10, 2, false),
    ('initech', '2026-10', true, null, 1, 2, null, 2, null);
"""


def counted(name: str, value: str, *numbers: int, cost: str, per: str | None) -> Json:
    names = (
        "task_count", "success_count", "tasks_without_calls_count",
        "successes_without_calls_count", "call_count", "unpriced_call_count",
    )  # fmt: skip
    return (
        {name: value}
        | dict(zip(names, numbers, strict=True))
        | {"cost_usd": cost, "cost_per_success_usd": per}
    )


TRUTH: Json = {
    "outcomes": {
        "by_feature": [
            counted("feature", "chat", 3, 2, 1, 1, 4, 1, cost="0.70", per="0.350000"),
            counted("feature", "index", 1, 0, 0, 0, 1, 0, cost="0.05", per=None),
        ],
        "by_tenant": [
            counted("tenant_id", "acme", 2, 1, 0, 0, 3, 1, cost="0.30", per="0.300000"),
            counted("tenant_id", "globex", 2, 1, 1, 1, 2, 0, cost="0.45", per="0.450000"),
        ],
        "untasked": {"call_count": 3, "cost_usd": "1.25"},
    },
    "money": {
        "costs_more_than_it_pays": "acme",
        "unknown_revenue": ["initech"],
        "whole_months": ["2026-10"],
    },
}


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(MARTS)
    return path


def differences(warehouse: Path, change: str = "") -> dict[str, list[str]]:
    if change:
        with duckdb.connect(str(warehouse)) as connection:
            connection.execute(change)
    checks = compare_outcomes(TRUTH, warehouse)
    return {check.name: check.differences for check in checks if not check.holds}


def test_what_is_right_agrees(warehouse: Path) -> None:
    assert differences(warehouse) == {}
    assert len(compare_outcomes(TRUTH, warehouse)) == 8


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (
            "update marts.fct_tasks set is_success = true where task_id = 'b'",
            "tasks and successes by feature|tasks and successes by tenant"
            "|cost per successful task by feature",
        ),
        (
            "update marts.fct_tasks set tenant_id = 'globex' where task_id = 'a'",
            "tasks and successes by tenant",
        ),
        (
            "update marts.fct_tasks set billed_cost_usd = 0.300000000001 where task_id = 'a'",
            "cost of tasks by feature",
        ),
        (
            "delete from marts.fct_tasks where task_id = 'e'",
            "tasks and successes by feature|tasks and successes by tenant"
            "|cost of tasks by feature",
        ),
        (
            "update marts.fct_task_costs_daily set untasked_cost_usd = 1.26 "
            "where untasked_call_count = 3",
            "calls and cost of no task|cost of tasks + cost of no task = ledger",
        ),
        (
            "update marts.fct_tenant_margins_monthly set direct_cost_usd = 10.01 "
            "where tenant_id = 'globex'",
            "tenants that pay less than their calls cost",
        ),
        (
            "update marts.fct_tenant_margins_monthly set direct_cost_usd = 10 "
            "where tenant_id = 'acme'",
            "tenants that pay less than their calls cost",
        ),
        (
            "update marts.fct_tenant_margins_monthly set revenue_usd = 0 "
            "where tenant_id = 'initech'",
            "tenants whose revenue nobody knows|tenants that pay less than their calls cost",
        ),
        (
            "delete from marts.fct_tenant_margins_monthly where tenant_id = 'initech'",
            "tenants whose revenue nobody knows",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(warehouse: Path, change: str, names: str) -> None:
    assert set(differences(warehouse, change)) == set(names.split("|"))


def test_an_open_month_is_not_held_against_a_tenant(warehouse: Path) -> None:
    change = (
        "update marts.fct_tenant_margins_monthly set costs_more_than_it_pays = true "
        "where tenant_id = 'globex'; "
        "update marts.fct_tenant_margins_monthly set cost_month = '2026-11' "
        "where tenant_id = 'globex'"
    )
    assert differences(warehouse, change) == {}


def test_what_is_printed_fits_and_says_it(warehouse: Path) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(
            "insert into marts.fct_tasks select 'x' || range, 'acme', 'ticket_summary_long', true,"
            " true, 3, 0, 12345.67 from range(1234)"
        )
    screen = io.StringIO()
    show_worth(Console(file=screen, width=400), warehouse)
    lines = [line.rstrip() for line in screen.getvalue().splitlines()]
    assert max(map(len, lines)) <= WIDTH
    said = "\n".join(lines)
    assert "0.3500" in said
    assert "1.25 USD of 2.00 belong to no task." in said
    assert "12.00" in said
    assert "projected" in said
    assert "1 tenant pays nobody knows what" in said
