"""What the demo prints of the bills: one bridge, and the planted causes beside what was found."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
from rich import box
from rich.console import Console
from rich.table import Table

from pipeline.demo_bills import Found

SHOWN_PROVIDER = "openai"  # the one with most that was planted


def show_bridge(console: Console, warehouse: Path, month: str) -> None:
    """From our own cost to the invoice of one provider's month, step by step."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            """
            select step, component, cause, sum(amount) as amount
            from marts.fct_invoice_bridge_monthly
            where
                provider = ?
                and billing_month = ?
                and invoice_id <> '(not invoiced)'
            group by step, component, cause
            having sum(amount) <> 0
            order by step, cause
            """,
            [SHOWN_PROVIDER, month],
        ).fetchall()
    table = _table(f"From what we logged to what {SHOWN_PROVIDER} invoiced for {month}")
    for name in ("step", "component", "cause", "USD"):
        table.add_column(name, justify="right" if name in ("step", "USD") else "left")
    for step, component, cause, amount in rows:
        is_end = component in ("metered_cost", "invoice_total")
        table.add_row(str(step), component, cause, _usd(amount), style="bold" if is_end else None)
    console.print(table)


def show_planted(console: Console, found: list[Found], month: str) -> None:
    """Every difference planted into a month, and what the bridges say of it."""
    table = _table(f"Planted into the bills of {month}, and found")
    for name in ("provider", "step", "cause", "planted", "found", "", "what was done"):
        table.add_column(name, justify="right" if name in ("step", "planted", "found") else "left")
    own = [cause for cause in found if cause.planted["billing_month"] == month]
    for cause in own:
        planted = cause.planted
        table.add_row(
            planted["provider"], str(planted["step"]), planted["cause"] or "(rounding)",
            _usd(Decimal(planted["amount"])), _usd(cause.amount),
            "[green]found[/green]" if cause.is_right else "[red]NOT FOUND[/red]", planted["what"],
        )  # fmt: skip
    console.print(table)
    right = sum(cause.is_right for cause in found)
    console.print(f"  {right} of {len(found)} planted differences found, to the cent.")


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)


def _usd(amount: Decimal) -> str:
    return f"{amount:,.2f}" if abs(amount) >= Decimal("0.01") else f"{amount:,.4f}"
