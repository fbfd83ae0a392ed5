"""Forecasts and budgets of a lake that grows: nothing looks ahead, nothing is left behind."""

from __future__ import annotations

import datetime as dt
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.lake_factory import Lake, call
from tests.support.warehouse import build_lake, contents, query

FIRST = dt.date(2026, 7, 20)
CUT, LATE, END = 62, 50, 75
ENDS = (
    "alert_budgets",
    "fct_budget_positions",
    "fct_budget_status_hourly",
    "rpt_budgets_at_risk",
)
TABLES = (
    "intermediate.int_scope_costs_daily",
    "intermediate.int_spend_paths_daily",
    "intermediate.int_spend_forecasts_daily",
    "intermediate.int_budget_costs_hourly",
    "marts.fct_budget_status_daily",
    "marts.fct_budget_status_hourly",
    "marts.fct_budget_positions",
    "reports.rpt_budgets_at_risk",
    "alerts.alert_budgets",
)
SEEDS = {
    "budgets": (
        "budget_id,scope_type,scope_id,period,budget_usd,owner,valid_from,valid_to\n"
        "company,org,us,month,1000,cfo,,\n"
        "chat-hour,feature,chat,hour,9,,,\n"
    ),
    "tenants": "tenant_id,tenant_name,plan,valid_from,valid_to\nacme,Acme,starter,,\n",
    "tenant_contracts": (
        "tenant_id,plan,monthly_fee_usd,included_usage_usd,overage_rate,hourly_limit_usd,"
        "revenue_source,valid_from,valid_to\nglobex,pro,,,,20,contract,,\n"
    ),
}


def _day(number: int) -> str:
    return (FIRST + dt.timedelta(days=number)).isoformat()


def _calls(first: int, last: int) -> list[dict[str, Any]]:
    """Costs of acme every day, by weekday; of globex in the first and the last days only."""
    rows = []
    for number in range(first, last):
        cost = 4 + number % 7 + Decimal(number * 37 % 11) / 7
        acme = {"tenant_id": "acme", "feature": "chat", "provider_cost_usd": round(cost, 9)}
        rows.append(call(f"a{number}", f"{_day(number)} 10:00", **acme))
        if number < 10 or number > 68:
            globex = {"tenant_id": "globex", "provider_cost_usd": number + 1}
            rows.append(call(f"g{number}", f"{_day(number)} 11:00", **globex))
    return rows


def _built(data: Path, seeds: Path) -> Path:
    build_lake(data, *ENDS, seeds=seeds)
    return data


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """A lake cut at a day, the same grown by new days and a late call, and all built at once."""
    folder = tmp_path_factory.mktemp("budgets")
    seeds = folder / "seeds"
    seeds.mkdir()
    for name, text in SEEDS.items():
        (seeds / f"{name}.csv").write_text(text)
    grown, cut, rebuilt = folder / "grown", folder / "cut", folder / "rebuilt"
    lake = Lake(grown)
    lake.land(_calls(0, CUT))
    _built(grown, seeds)
    shutil.copytree(grown, cut)
    lake.land(_calls(CUT, END))
    lake.land([call("late", f"{_day(LATE)} 23:30", tenant_id="initech", provider_cost_usd=3)])
    _built(grown, seeds)
    shutil.copytree(grown / "raw", rebuilt / "raw")
    return cut, grown, _built(rebuilt, seeds)


def test_incremental_equals_full_refresh(stages: tuple[Path, Path, Path]) -> None:
    _, grown, rebuilt = stages
    for table in TABLES:
        assert contents(grown, table), table
        assert contents(grown, table) == contents(rebuilt, table), table


def test_no_forecast_knows_what_came_later(stages: tuple[Path, Path, Path]) -> None:
    """Up to the very last day the cut lake knew: a look of one day ahead would show there.

    The late call is another tenant's, without a feature, so acme's and chat's days are the same.
    """
    cut, grown, _ = stages
    last = _day(CUT - 2)
    for table, day in (
        ("intermediate.int_spend_forecasts_daily", "as_of_date"),
        ("marts.fct_budget_status_daily", "cost_date"),
    ):
        known = (
            f"select * from {table} where {day} <= date '{last}' "
            f"and scope_id in ('acme', 'chat') order by all"
        )
        newest = f"select max({day}) from ({known})"
        assert query(cut, newest) == [(dt.date.fromisoformat(last),)], table
        assert query(grown, known) == query(cut, known), table


def test_a_scope_that_was_silent_starts_again(stages: tuple[Path, Path, Path]) -> None:
    rows = query(
        stages[1],
        "select min(as_of_date), max(as_of_date), count(*), max(history_days) "
        "from intermediate.int_spend_forecasts_daily where scope_id = 'globex' "
        "group by as_of_date > date '2026-09-15' order by 1",
    )
    # Days 0 to 9 and 34 silent ones; then from day 69 to 73, the last complete one.
    start = FIRST + dt.timedelta(days=69)
    assert rows == [
        (FIRST, FIRST + dt.timedelta(days=43), 44, 44),
        (start, start + dt.timedelta(days=4), 5, 5),
    ]


def test_hours_above_the_contract_are_found(stages: tuple[Path, Path, Path]) -> None:
    rows = query(
        stages[1],
        "select budget_source, count(*), min(excess_usd), max(excess_usd) "
        "from marts.fct_budget_status_hourly "
        "where budget_id = 'limit:globex:hour' and excess_usd > 0 group by budget_source",
    )
    # Days 69 to 74 cost 70 to 75 dollars in an hour of 20.
    assert rows == [("contract", 6, Decimal(50), Decimal(55))]


def test_plans_become_budgets_and_risks_have_reasons(stages: tuple[Path, Path, Path]) -> None:
    found = dict(query(stages[1], "select budget_id, reason from reports.rpt_budgets_at_risk"))
    assert found["limit:acme:day"] == "spent", "a starter may spend 5 dollars a day"
    assert found["limit:globex:day"] == "spent", "75 dollars on a plan of 50"
    assert found["limit:globex:hour"] == "above its hourly limit in the last 24 hours"
