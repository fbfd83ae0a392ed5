"""``python -m publish budget-feed``."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from ingest.errors import TokenhouseError
from ingest.settings import load_settings
from ingest.store import reaching
from publish.budget_feed.feed import BudgetFeedError, Feed, write_feed


def budget_feed(
    interval: Annotated[
        int, typer.Option(min=0, help="Seconds until the next feed is written.")
    ] = 300,
    late: Annotated[
        int, typer.Option(min=0, help="Seconds after its start that a call may still land.")
    ] = 900,
) -> None:
    """Write what each budget has left to data/budgets/feed.parquet and feed.json.

    Every feed is kept in data/budgets/history. `worst_overshoot_usd` says how far a budget may be
    overspent before a reader can know, as long as no hour is dearer than the dearest so far.

    Example:
      python -m publish budget-feed --interval 300
    """
    try:
        settings = load_settings()
        with reaching(settings.data):
            feed = write_feed(
                settings.local / "warehouse.duckdb",
                settings.local / "budgets",
                published_at=dt.datetime.now(dt.UTC),
                interval_seconds=interval,
                late_seconds=late,
                lake=settings.data,
            )
    except (BudgetFeedError, TokenhouseError) as error:
        typer.echo(error, err=True)
        raise typer.Exit(2) from error
    typer.echo(_summary(feed))


def _summary(feed: Feed) -> str:
    lines = [f"{file}: {len(feed.rows)} budgets" for file in feed.files]
    if feed.rows:
        spent = sum(row["status"] == "exhausted" for row in feed.rows)
        as_of = feed.rows[0]["as_of_at"].astimezone(dt.UTC)
        lines.append(f"as of {as_of:%Y-%m-%d %H:%M} UTC; {spent} exhausted")
    return "\n".join(lines)
