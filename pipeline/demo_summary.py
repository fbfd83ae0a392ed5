"""What the demo prints: the audit equation, the comparison with truth, and where the money went."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from rich import box
from rich.console import Console
from rich.table import Table

from pipeline.demo_check import Check

SHOWN_DIFFERENCES = 8


def show_landing(console: Console, warehouse: Path) -> None:
    """Per source: read = landed + duplicate + quarantined."""
    table = _table("What landed: read = landed + duplicate + quarantined")
    for name in ("source", "files", "read", "landed", "duplicate", "quarantined", "superseding"):
        table.add_column(name, justify="left" if name == "source" else "right", no_wrap=True)
    table.add_column("balanced")
    for row in _query(
        warehouse,
        """
        select
            coalesce(source, 'all') as source, count(*), sum(rows_read), sum(rows_landed),
            sum(rows_duplicate), sum(rows_quarantined), sum(rows_superseding),
            case when bool_and(is_balanced) then 'yes' else 'NO' end
        from marts.fct_landing_audit
        group by grouping sets ((source), ())
        order by grouping(source), source
        """,
    ):
        table.add_row(*[_text(value) for value in row])
    console.print(table)


def show_checks(console: Console, checks: list[Check]) -> None:
    """Every comparison with the truth file: MATCH, or where it differs."""
    console.print("\n[bold]Against the truth the simulator kept[/bold]")
    for check in checks:
        verdict = "[green]MATCH[/green]" if check.holds else "[red]DIFFERS[/red]"
        console.print(f"  {verdict}  {check.name} ({check.compared:,} compared)", highlight=False)
        for line in check.differences[:SHOWN_DIFFERENCES]:
            console.print(f"           {line}", highlight=False, markup=False, soft_wrap=True)
        if len(check.differences) > SHOWN_DIFFERENCES:
            console.print(f"           and {len(check.differences) - SHOWN_DIFFERENCES} more")


def show_spend(console: Console, warehouse: Path, *, yesterday: str) -> None:
    """Where the money went, what it bought, what nobody can price or claim."""
    for title, columns in (
        ("Spend by provider", "provider"),
        ("Spend by model", "model"),
        ("Spend by tenant", "tenant_id"),
        ("Spend by feature", "feature"),
    ):
        console.print(_top(warehouse, title, columns))
    _show_question(console, warehouse, yesterday)
    _show_trust(console, warehouse)


def _top(warehouse: Path, title: str, column: str) -> Table:
    table = _table(f"{title}, top 5")
    table.add_column(column)
    for name in ("calls", "billed USD", "share"):
        table.add_column(name, justify="right")
    for name, calls, billed, total in _query(
        warehouse,
        f"""
        select
            {column}, sum(call_count), sum(billed_cost_usd) as billed_cost_usd,
            sum(sum(billed_cost_usd)) over () as total_cost_usd
        from marts.fct_costs_hourly
        group by {column}
        order by billed_cost_usd desc nulls last, {column}
        limit 5
        """,
    ):
        share = "" if billed is None else f"{100 * float(billed / total):.1f} %"
        cost = "no price" if billed is None else _usd(billed)
        table.add_row(name, _text(calls), cost, share)
    return table


def _show_question(console: Console, warehouse: Path, yesterday: str) -> None:
    rows = _query(
        warehouse,
        f"""
        select tenant_id, feature, sum(billed_cost_usd) as billed_cost_usd, sum(call_count)
        from marts.fct_costs_hourly
        where event_date = date '{yesterday}' and tenant_id <> '(unattributed)'
        group by tenant_id, feature
        order by billed_cost_usd desc nulls last
        limit 1
        """,
    )
    for tenant, feature, billed, calls in rows:
        console.print(
            f"\n[bold]What did {tenant} spend on {feature} yesterday ({yesterday})?[/bold]\n"
            f"  {_usd(billed)} USD in {calls:,} calls.",
            highlight=False,
        )


def _show_trust(console: Console, warehouse: Path) -> None:
    [row] = _query(
        warehouse,
        """
        select
            sum(billed_cost_usd), sum(billed_cost_usd) - sum(chargeable_cost_usd),
            sum(cache_savings_usd), sum(source_cost_usd), sum(unpriced_call_count),
            sum(billed_cost_usd) filter (where tenant_id = '(unattributed)'),
            sum(billed_cost_usd) filter (where feature = '(unattributed)'),
            sum(call_count) filter (where tenant_attribution_source = 'rule'),
            sum(estimated_call_count)
        from marts.fct_costs_hourly
        """,
    )
    billed, waste, saved, believed, unpriced, no_tenant, no_feature, by_rule, estimated = row
    console.print("\n[bold]The whole period[/bold]")
    for what, value in (
        ("billed", f"{_usd(billed)} USD"),
        ("waste: billed for attempts that served nothing", f"{_usd(waste)} USD"),
        ("saved by provider caches", f"{_usd(saved)} USD"),
        ("what the company's own code believed", f"{_usd(believed)} USD"),
        ("calls without a price, cost unknown", _text(unpriced)),
        ("spend of no known tenant", f"{_usd(no_tenant)} USD"),
        ("spend of no known feature", f"{_usd(no_feature)} USD"),
        ("calls whose tenant a mapping rule knew", _text(by_rule)),
        ("calls with estimated usage", _text(estimated)),
    ):
        console.print(f"  {what:<48} {value:>18}", highlight=False)


def _query(warehouse: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return connection.execute(query).fetchall()


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else f"{int(value or 0):,}"


def _usd(value: Decimal | None) -> str:
    return f"{value or Decimal(0):,.2f}"
