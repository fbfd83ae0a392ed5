"""What the demo prints of outcomes: cost per successful task, and who costs more than it pays."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from rich import box
from rich.console import Console
from rich.table import Table

SHOWN_TENANTS = 6


def show_worth(console: Console, warehouse: Path) -> None:
    """Cost per successful task by feature, then the tenants that lose money."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        _show_features(console, connection)
        _show_tenants(console, connection)


def _show_features(console: Console, connection: duckdb.DuckDBPyConnection) -> None:
    rows = connection.execute(
        """
        select
            feature,
            count(*) filter (where has_calls) as task_count,
            count(*) filter (where has_calls and is_success) as success_count,
            count(*) filter (where not has_calls and is_success) as uncalled_count,
            coalesce(sum(billed_cost_usd), 0) as cost_usd,
            coalesce(sum(billed_cost_usd) filter (where is_success), 0) as success_cost_usd
        from marts.fct_tasks
        group by feature
        having count(*) filter (where is_success) > 0
        order by cost_usd desc, feature
        """
    ).fetchall()
    table = _table("What a successful task costs, by feature")
    for name in ("feature", "tasks", "succeeded", "share", "billed USD", "per success",
                 "on others", "no call"):  # fmt: skip
        table.add_column(name, justify="left" if name == "feature" else "right")
    for feature, tasks, successes, uncalled, cost, on_success in rows:
        table.add_row(
            feature, f"{tasks:,}", f"{successes:,}", _percent(successes, tasks), f"{cost:,.2f}",
            f"{cost / successes:,.4f}" if successes else "none",
            _percent(cost - on_success, cost), f"{uncalled:,}",
        )  # fmt: skip
    console.print(table)
    [(untasked, ledger)] = connection.execute(
        """
        select
            coalesce(sum(untasked_cost_usd), 0),
            coalesce(sum(billed_cost_usd), 0) + coalesce(sum(untasked_cost_usd), 0)
        from marts.fct_task_costs_daily
        """
    ).fetchall()
    for line in (
        f"{untasked:,.2f} USD of {ledger:,.2f} belong to no task.",
        "on others: share of the cost of tasks that did not succeed, or not yet",
        "no call: further successes that a cache or a rule answered",
    ):
        console.print(f"  {line}", highlight=False)


def _show_tenants(console: Console, connection: duckdb.DuckDBPyConnection) -> None:
    rows = connection.execute(
        """
        with
        margins as (
            select
                tenant_id,
                cost_month,
                is_month_complete,
                direct_cost_usd,
                case when is_month_complete then revenue_usd else projected_revenue_usd end
                    as pays_usd,
                case when is_month_complete then cost_usd else projected_cost_usd end as costs_usd
            from marts.fct_tenant_margins_monthly
            where costs_more_than_it_pays
        )
        select tenant_id, cost_month, is_month_complete, pays_usd, direct_cost_usd, costs_usd
        from margins
        order by
            is_month_complete and direct_cost_usd > pays_usd desc,
            pays_usd - costs_usd,
            tenant_id,
            cost_month
        """
    ).fetchall()
    table = _table("Tenants that cost more than they pay")
    for name in ("tenant", "month", "pays USD", "calls USD", "fully loaded USD", "margin USD", ""):
        table.add_column(name, justify="right" if name.endswith("USD") else "left")
    for tenant, month, is_complete, revenue, calls, cost in rows[:SHOWN_TENANTS]:
        table.add_row(
            tenant, month, _usd(revenue), _usd(calls), _usd(cost), _usd(revenue - cost),
            "" if is_complete else "projected",
        )  # fmt: skip
    console.print(table)
    if len(rows) > SHOWN_TENANTS:
        more = f"  {len(rows) - SHOWN_TENANTS} more tenant months, with the invoices' fees loaded."
        console.print(more, highlight=False)
    [(unknown,)] = connection.execute(
        """
        select count(distinct tenant_id)
        from marts.fct_tenant_margins_monthly
        where revenue_usd is null
        """
    ).fetchall()
    who = "tenant pays" if unknown == 1 else "tenants pay"
    console.print(f"  {unknown} {who} nobody knows what: no margin.", highlight=False)


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)


def _percent(part: int | Decimal, whole: int | Decimal) -> str:
    return f"{100 * Decimal(part) / Decimal(whole):.1f} %" if whole else ""


def _usd(amount: Any) -> str:
    return "unknown" if amount is None else f"{amount:,.2f}"
