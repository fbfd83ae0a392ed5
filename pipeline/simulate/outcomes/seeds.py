"""Rows for the seeds that outcomes, margins and budgets are judged by."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipeline.simulate.company import Tenant
from pipeline.simulate.outcomes.contracts import Spend, budgets, contracts, plans
from pipeline.simulate.outcomes.definitions import CHECKED, FEEDBACK, GOOD_SHARE, WINDOW_HOURS

RESEARCH_STEPS = 45  # no research run takes more, but one that loops
_GOOD = ("answer_accepted", "draft_accepted", "task_succeeded", "task_completed", "ticket_resolved")
_BAD = ("answer_rejected", "draft_rejected", "task_failed", "ticket_reopened")


def write_outcome_seeds(folder: Path, spend: Spend, customers: tuple[Tenant, ...]) -> None:
    """Write the CSVs: success events, workflow limits, plans, contracts, budgets."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in (
        ("success_events", success_events()),
        ("workflow_limits", workflow_limits()),
        ("plans", plans()),
        ("tenant_contracts", contracts(spend, customers)),
        ("budgets", budgets(spend, customers)),
    ):
        unsaid = pl.all().replace("", None)
        pl.DataFrame(rows).with_columns(unsaid).write_csv(folder / f"{name}.csv")


def success_events() -> list[dict[str, str]]:
    """What a success is: the usual names, a score of feedback, a share of an invoice's fields."""
    least = format(GOOD_SHARE / 1_000, ".3f")
    most = format((GOOD_SHARE - 1) / 1_000, ".3f")
    return [
        *[_rule("*", name, "success") for name in _GOOD],
        *[_rule("*", name, "failure") for name in _BAD],
        _rule("*", FEEDBACK, "success", "1", "1"),
        _rule("*", FEEDBACK, "failure", "0", "0"),
        _rule("invoice_extract", CHECKED, "success", least),
        _rule("invoice_extract", CHECKED, "failure", "", most),
    ]


def _rule(
    feature: str, event_name: str, outcome: str, least: str = "", most: str = ""
) -> dict[str, str]:
    return {
        "feature": feature,
        "event_name": event_name,
        "outcome": outcome,
        "min_value": least,
        "max_value": most,
        "label": "",
        "window_hours": str(WINDOW_HOURS),
        "valid_from": "",
        "valid_to": "",
    }


def workflow_limits() -> list[dict[str, str]]:
    """What a run may take: research runs stop at 45 steps, others at a hundred."""
    names = ("workflow_id", "max_cost_usd", "max_steps", "max_minutes", "runaway_multiple",
             "min_history_runs", "valid_from", "valid_to")  # fmt: skip
    return [
        dict(zip(names, values, strict=True))
        for values in (
            ("*", "5", "100", "120", "10", "30", "", ""),
            ("wf_agent_research", "3", str(RESEARCH_STEPS), "60", "5", "30", "", ""),
        )
    ]
