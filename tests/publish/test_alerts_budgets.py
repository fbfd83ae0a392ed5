"""Budgets, contracted rates and runs above their limits, from landed calls to a receiver."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.support.alert_factory import (
    ROUTE_COLUMNS,
    START,
    Receiver,
    change,
    minutes,
    receiving,
    routed,
    write_warehouse,
)
from tests.support.lake_factory import Lake, call
from tests.support.warehouse import build_lake

SEEDS = {
    "budgets": (
        "budget_id,scope_type,scope_id,period,budget_usd,owner,valid_from,valid_to\n"
        "company,org,*,month,200,cfo,,\n"
    ),
    "tenant_contracts": (
        "tenant_id,plan,monthly_fee_usd,included_usage_usd,overage_rate,hourly_limit_usd,"
        "revenue_source,valid_from,valid_to\nglobex,,,,,5,contract,,\n"
    ),
    "alert_routes": ",".join(ROUTE_COLUMNS)
    + "\nhook,10,*,info,*,*,webhook,TEST_WEBHOOK,,,,,,,,,\n",
}
FIRST = dt.date(2026, 9, 20)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as served:
        yield served


def run(data: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "publish", *arguments],
        env={**os.environ, "TOKENHOUSE_DATA": str(data), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout, done.stderr


def deliver(data: Path, now: str, receiver: Receiver) -> list[Any]:
    """What the receiver got in a cycle."""
    receiver.taken.clear()
    code, _, err = run(data, "alerts", "--now", now, TEST_WEBHOOK=receiver.url)
    assert code == 0, err
    return [got.json for got in receiver.taken]


def said(messages: list[Any]) -> list[tuple[str, ...]]:
    incidents = [(each["event"], each["incident"]) for each in messages]
    return sorted(
        (of["workload"], event, of["tier"], of["severity"], of["rules"]) for event, of in incidents
    )


def built(data: Path, seeds: Path) -> None:
    build_lake(data, "alert_budgets", "alert_incidents", seeds=seeds)


def test_a_budget_a_contract_and_runs_are_told_once_and_to_their_end(
    tmp_path: Path, receiver: Receiver
) -> None:
    """10 dollars a day of 200 a month; globex once above its 5 an hour, two runs above their 10.

    In October's first days even the low forecast of 310 is above 200. On the 5th 68 + 2 x 10 + 100
    pass 160 in its first week; on the 6th 208 are spent. What globex did in September was
    over before anybody was told of anything.
    """
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    for name, text in SEEDS.items():
        (seeds / f"{name}.csv").write_text(text)
    data, again = tmp_path / "data", tmp_path / "again"
    lake = Lake(data)
    days = [(FIRST + dt.timedelta(days=number)).isoformat() for number in range(17)]
    acme = {"tenant_id": "acme", "provider_cost_usd": 10}
    globex = {"tenant_id": "globex", "provider_cost_usd": 12}
    research = {"tenant_id": "acme", "workflow_id": "research", "operation_id": "op"}
    lake.land(
        [call(f"a{day}", f"{day} 09:00", **acme) for day in days[:14]]
        + [
            call("g1", "2026-09-21 11:20", **globex),
            call("g2", "2026-10-03 11:20", **globex),
            call("r1", "2026-10-03 11:30", run_id="r1", provider_cost_usd=15, **research),
            call("r2", "2026-10-03 11:40", run_id="r2", provider_cost_usd=11, **research),
        ]
    )
    built(data, seeds)
    messages = deliver(data, "2026-10-03T12:00:00Z", receiver)
    assert said(messages) == [
        ("org|*", "trigger", "page", "warning", "budget_forecast"),
        ("tenant|globex", "trigger", "page", "critical", "tenant_over_contract"),
        ("workflow|research", "trigger", "page", "warning", "run_over_limit"),
    ]
    contract = next(each for each in messages if each["incident"]["workload"] == "tenant|globex")
    assert contract["headline"] == "[CRITICAL] tenant globex: hours $7.00 above $5.00 an hour"
    assert contract["incident"]["excess_usd"] == "7.000000000000"
    assert "Owner: platform." in contract["text"]
    known = {each["incident"]["incident_id"] for each in messages}

    # the warehouse is lost and made anew, with three days more; the outbox is not
    lake.land(
        [call(f"a{day}", f"{day} 09:00", **acme) for day in days[14:]]
        + [
            call("burst", "2026-10-05 10:30", tenant_id="acme", provider_cost_usd=100),
            call("last", "2026-10-06 11:10", **acme),
        ]
    )
    shutil.copytree(data / "raw", again / "raw")
    shutil.copytree(data / "alerts", again / "alerts")
    built(again, seeds)
    messages = deliver(again, "2026-10-06T12:00:00Z", receiver)
    assert said(messages) == [
        ("org|*", "update", "page", "critical", "budget_exhausted"),
        ("org|*", "update", "page", "critical", "budget_forecast"),
        ("tenant|globex", "resolve", "page", "critical", "tenant_over_contract"),
        ("workflow|research", "resolve", "page", "warning", "run_over_limit"),
    ]
    assert {each["incident"]["incident_id"] for each in messages} == known
    spent = next(each for each in messages if each["incident"]["rules"] == "budget_exhausted")
    assert spent["headline"] == "[CRITICAL] organisation: $208.00 of the month's $200.00 spent"
    assert spent["incident"]["excess_usd"] == "8.000000000000"
    assert spent["incident"]["owner"] == "cfo"
    assert deliver(again, "2026-10-06T12:30:00Z", receiver) == []

    budget = spent["incident"]["incident_id"]
    code, out, err = run(
        again, "ack", budget[:8], "--state", "acknowledged", "--reason", "looking", "--by", "A."
    )
    assert code == 0, out + err
    assert budget in (again / "alerts" / "states.csv").read_text()


def test_budgets_are_told_beside_incidents_and_old_ones_are_not(tmp_path: Path) -> None:
    old = START - dt.timedelta(days=20)
    budgets = [
        change("new", "trigger", START - minutes(5), title="Nearly spent"),
        change("old", "trigger", old, title="Long gone"),
        change("old", "resolve", old + dt.timedelta(days=1), title="Long gone"),
    ]
    write_warehouse(tmp_path, [change("a", title="Cost doubled")], [routed("stdout")], (), budgets)
    code, out, _ = run(tmp_path, "alerts", "--now", START.isoformat())
    assert code == 0
    assert "Cost doubled" in out
    assert "Nearly spent" in out
    assert "Long gone" not in out


def test_a_warehouse_of_before_budgets_were_told_asks_for_a_rebuild(tmp_path: Path) -> None:
    write_warehouse(tmp_path, [change("a")])
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("drop table alerts.alert_budgets")
    code, _, err = run(tmp_path, "alerts")
    assert (code, "lacks alerts.alert_budgets; `make rebuild` makes it" in err) == (2, True)
