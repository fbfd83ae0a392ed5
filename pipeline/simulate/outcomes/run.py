"""Outcomes, changes, contracts and budgets of a company: decide, write, tell the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from pipeline.simulate.company import Tenant
from pipeline.simulate.delivery import Output
from pipeline.simulate.incidents import Incident
from pipeline.simulate.outcomes.changes import causes, rollouts, write_changes
from pipeline.simulate.outcomes.contracts import Spend
from pipeline.simulate.outcomes.costs import with_costs
from pipeline.simulate.outcomes.delivery import write_events
from pipeline.simulate.outcomes.events import delivered, events_of
from pipeline.simulate.outcomes.seeds import write_outcome_seeds
from pipeline.simulate.outcomes.tasks import tasks_of
from pipeline.simulate.outcomes.truth import (
    totals,
    truth_of_money,
    truth_of_outcomes,
    with_names,
)
from pipeline.simulate.randomness import Draws
from pipeline.simulate.truth import counts_of, named

SOURCES = ("product-events", "changes")
Json = dict[str, Any]


def deliver_outcomes(
    draws: Draws,
    output: Output,
    calls: pl.DataFrame,
    customers: tuple[Tenant, ...],
    incidents: dict[str, Incident],
) -> Json:
    """Write product events, changes and the seeds they are judged by; their part of the truth.

    Args:
        draws: the random numbers.
        output: where the files go.
        calls: every call with its planned faults.
        customers: the tenants.
        incidents: the planted incidents.
    """
    window = output.window
    whole = with_names(with_costs(calls), named(calls, customers))
    tasks = tasks_of(whole)
    events = events_of(draws, tasks, window, customers)
    write_events(draws, output, delivered(events, window))
    rolled = rollouts(draws, window, incidents)
    counted = write_changes(output, rolled, window)
    spend = Spend(whole, window)
    write_outcome_seeds(Path(output.folder) / "seeds", spend, customers)
    return {
        "outcomes": truth_of_outcomes(whole, tasks, events, window)
        | {"totals": counts_of(totals(output.expected, "product-events"))},
        "rollouts": {
            "change_count": counted["counted"],
            "revoked_count": counted["revoked"],
            "by_incident": causes(rolled, incidents),
            "totals": counts_of(totals(output.expected, "changes")),
        },
        "money": truth_of_money(spend, customers),
    }
