"""What the demo prints of incidents: each planted one, whether it was found, and why it began."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from rich import box
from rich.console import Console
from rich.table import Table

QUIET = dt.timedelta(hours=12)
"""An incident that opens this long after a planted one ended is another's."""


@dataclass(frozen=True)
class Found:
    """The first incident, or passed limit, of the planted one's feature while it ran.

    Attributes:
        likely_cause: the driver, or the rule of the limit.
    """

    opened_at: dt.datetime
    likely_cause: str | None
    change: str | None
    excess_usd: Decimal | None


def found_incident(connection: duckdb.DuckDBPyConnection, planted: dict[str, Any]) -> Found | None:
    """What was found of a planted incident, or None.

    An incident of its workload; else, as for a run in a loop inside a busier incident, what a
    limit of its runs or budgets had to say.
    """
    within = {
        "feature": planted["scope"]["feature"],
        "start": planted["start"],
        "until": (dt.datetime.fromisoformat(planted["end_exclusive"]) + QUIET).isoformat(),
    }
    incident = connection.execute(
        """
        select
            incidents.opened_at,
            incidents.likely_cause,
            concat_ws(' ', changes.change_type, changes.version),
            incidents.excess_usd
        from marts.fct_incidents as incidents
        left join marts.fct_incident_changes as changes
            on
                incidents.incident_id = changes.incident_id
                and incidents.linked_change_id = changes.change_id
        where
            incidents.feature = $feature
            and incidents.opened_at >= cast($start as timestamptz)
            and incidents.opened_at < cast($until as timestamptz)
        order by incidents.tier <> 'page', incidents.opened_at, incidents.incident_id
        """,
        within,
    ).fetchone()
    limit = connection.execute(
        """
        select occurred_at, rules, '', excess_usd
        from alerts.alert_budgets
        where
            event = 'trigger'
            and tier = 'page'
            and feature = $feature
            and occurred_at >= cast($start as timestamptz)
            and occurred_at < cast($until as timestamptz)
        order by rules <> 'run_over_limit', occurred_at, incident_id
        """,
        within,
    ).fetchone()
    row = incident or limit
    return Found(*row) if row else None


def show_incidents(console: Console, warehouse: Path, truth: dict[str, Any]) -> None:
    """Every planted incident with what was found of it, then how many others there are."""
    table = Table(
        title="Planted incidents, and found",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
    )
    for name in ("planted", "began", "alert after", "likely cause", "change", "excess USD"):
        is_number = name in ("alert after", "excess USD")
        table.add_column(name, justify="right" if is_number else "left")
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        count = 0
        for planted in truth["incidents"]:
            found = found_incident(connection, planted)
            count += found is not None
            table.add_row(*_cells(planted, found))
        [(pages, watches)] = connection.execute(
            """
            select
                count(*) filter (where tier = 'page'),
                count(*) filter (where tier = 'watch')
            from marts.fct_incidents
            """
        ).fetchall()
    console.print(table)
    console.print(
        f"  {count} of {len(truth['incidents'])} planted incidents found; "
        f"{pages} incidents that page and {watches} to watch in the whole period.",
        highlight=False,
    )


def _cells(planted: dict[str, Any], found: Found | None) -> list[str]:
    began = dt.datetime.fromisoformat(planted["start"])
    cells = [f"{planted['kind']} in {planted['scope']['feature']}", f"{began:%m-%d %H:%M}"]
    if found is None:
        return [*cells, "missed", "", "", ""]
    hours = (found.opened_at - began) / dt.timedelta(hours=1)
    excess = "" if found.excess_usd is None else f"{found.excess_usd:,.2f}"
    return [*cells, f"{hours:.0f} h", found.likely_cause or "", found.change or "", excess]
