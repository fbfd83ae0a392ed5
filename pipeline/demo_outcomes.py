"""Compares tasks, successes, their cost and tenants' margins with the simulator's truth."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from pipeline.demo_check import Check
from pipeline.demo_truth import different

Row = dict[str, Any]
HALF_A_MILLIONTH = Decimal("0.0000005")
_COUNTS = (
    "task_count", "success_count", "tasks_without_calls_count", "successes_without_calls_count",
    "call_count", "unpriced_call_count",
)  # fmt: skip


def compare_outcomes(truth: Row, warehouse: Path) -> list[Check]:
    """Every check of tasks and margins against the truth file."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        outcomes, money = truth["outcomes"], truth["money"]
        by_feature = _tasks(connection, "feature")
        checks = [
            _counts("tasks and successes by feature", outcomes["by_feature"], by_feature),
            _counts(
                "tasks and successes by tenant",
                outcomes["by_tenant"],
                _tasks(connection, "tenant_id"),
            ),
            _costs(outcomes["by_feature"], by_feature),
            _cost_per_success(outcomes["by_feature"], by_feature),
            _untasked(connection, outcomes),
            _whole(connection),
        ]
        if money["whole_months"]:
            checks.append(_losing(connection, money))
            checks.append(_unknown(connection, money))
    return checks


def _tasks(connection: duckdb.DuckDBPyConnection, column: str) -> dict[str, Row]:
    cursor = connection.execute(
        f"""
        select
            {column} as key,
            count(*) filter (where has_calls) as task_count,
            count(*) filter (where has_calls and is_success) as success_count,
            count(*) filter (where not has_calls) as tasks_without_calls_count,
            count(*) filter (where not has_calls and is_success) as successes_without_calls_count,
            cast(sum(call_count) as bigint) as call_count,
            cast(sum(unpriced_call_count) as bigint) as unpriced_call_count,
            coalesce(sum(billed_cost_usd), 0) as cost_usd
        from marts.fct_tasks
        group by {column}
        """
    )
    names = [described[0] for described in cursor.description or []]
    rows = [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
    return {str(row["key"]): row for row in rows}


def _keyed(rows: list[Row]) -> dict[str, Row]:
    """Rows of the truth by their first column."""
    return {str(next(iter(row.values()))): row for row in rows}


def _counts(name: str, expected: list[Row], found: dict[str, Row]) -> Check:
    return Check(name, len(expected), different(_keyed(expected), found, _COUNTS))


def _costs(expected: list[Row], found: dict[str, Row]) -> Check:
    """What tasks cost, to the last digit."""
    check = Check("cost of tasks by feature", len(expected))
    for feature, row in sorted(_keyed(expected).items()):
        got = found.get(feature, {}).get("cost_usd", Decimal(0))
        if got != Decimal(row["cost_usd"]):
            check.differences.append(f"{feature}: {got} instead of {row['cost_usd']}")
    return check


def _cost_per_success(expected: list[Row], found: dict[str, Row]) -> Check:
    """A ratio of sums; none where nothing succeeded."""
    check = Check("cost per successful task by feature", len(expected))
    for feature, row in sorted(_keyed(expected).items()):
        own = found.get(feature, {})
        wanted = row["cost_per_success_usd"]
        count = own.get("success_count", 0)
        got = own["cost_usd"] / count if count else None
        if wanted is None or got is None:
            is_right = wanted is None and got is None
        else:
            is_right = abs(got - Decimal(wanted)) <= HALF_A_MILLIONTH
        if not is_right:
            check.differences.append(f"{feature}: {got} instead of {wanted}")
    return check


def _untasked(connection: duckdb.DuckDBPyConnection, outcomes: Row) -> Check:
    """Calls that work for nobody's task are a line of their own, exact as well."""
    wanted = outcomes["untasked"]
    [(calls, cost)] = connection.execute(
        """
        select
            coalesce(cast(sum(untasked_call_count) as bigint), 0),
            coalesce(sum(untasked_cost_usd), 0)
        from marts.fct_task_costs_daily
        """
    ).fetchall()
    check = Check("calls and cost of no task", wanted["call_count"])
    if calls != wanted["call_count"] or cost != Decimal(wanted["cost_usd"]):
        check.differences.append(
            f"{calls:,} calls, {cost} USD instead of {wanted['call_count']:,}, {wanted['cost_usd']}"
        )
    return check


def _whole(connection: duckdb.DuckDBPyConnection) -> Check:
    """Tasks and what has none come to the ledger."""
    [(ledger, tasked, untasked)] = connection.execute(
        """
        select
            (select coalesce(sum(billed_cost_usd), 0) from marts.fct_costs_hourly),
            coalesce(sum(billed_cost_usd), 0),
            coalesce(sum(untasked_cost_usd), 0)
        from marts.fct_task_costs_daily
        """
    ).fetchall()
    check = Check("cost of tasks + cost of no task = ledger", 1)
    if tasked + untasked != ledger:
        check.differences.append(f"{tasked} + {untasked} instead of {ledger}")
    return check


def _losing(connection: duckdb.DuckDBPyConnection, money: Row) -> Check:
    """One tenant's calls cost more than it pays, in every whole month, and no other's.

    Before anything shared is loaded: a company of few calls pays the same fees and minimums.
    """
    months = money["whole_months"]
    wanted = {(month, money["costs_more_than_it_pays"]) for month in months}
    found = set(
        connection.execute(
            """
            select cost_month, tenant_id
            from marts.fct_tenant_margins_monthly
            where direct_cost_usd > revenue_usd
            """
        ).fetchall()
    )
    check = Check("tenants that pay less than their calls cost", len(months))
    found = {row for row in found if row[0] in months}
    for month, tenant in sorted(wanted ^ found):
        which = "not found" if (month, tenant) in wanted else "pays enough"
        check.differences.append(f"{month} {tenant}: {which}")
    return check


def _unknown(connection: duckdb.DuckDBPyConnection, money: Row) -> Check:
    """Revenue nobody knows is unknown, never zero."""
    check = Check("tenants whose revenue nobody knows", len(money["unknown_revenue"]))
    known = connection.execute(
        """
        select tenant_id, max(revenue_usd)
        from marts.fct_tenant_margins_monthly
        where tenant_id in (select unnest(?))
        group by tenant_id
        """,
        [money["unknown_revenue"]],
    ).fetchall()
    seen = {tenant for tenant, _ in known}
    for tenant in sorted(set(money["unknown_revenue"]) - seen):
        check.differences.append(f"{tenant}: missing")
    for tenant, revenue in sorted(known):
        if revenue is not None:
            check.differences.append(f"{tenant}: {revenue} instead of unknown")
    return check
