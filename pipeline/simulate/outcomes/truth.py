"""What is true of outcomes, from the plan of events: tasks, successes, what each success cost.

A task succeeds when the last event that counts says so: known by the end, not taken back, not
replaced, within seven days of the task's first call.
"""

from __future__ import annotations

from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import polars as pl

from pipeline.simulate.company import FEATURE_NUMBER, FEATURES, INTERNAL_TENANT, Tenant
from pipeline.simulate.incidents import DAY, Window
from pipeline.simulate.outcomes.contracts import (
    EXHAUSTED_BUDGET,
    LOSING,
    UNKNOWN,
    Spend,
    exhausted_budget,
    whole_months,
)
from pipeline.simulate.outcomes.costs import usd
from pipeline.simulate.outcomes.definitions import CHECKED, WINDOW_HOURS, WINDOW_MS
from pipeline.simulate.outcomes.events import delivered
from pipeline.simulate.outcomes.tasks import is_of_task
from pipeline.simulate.prompts import PROMPT_CHANGES, PromptChange
from pipeline.simulate.versions import prompt_starts

COMPARED_DAYS = 14  # before and after a prompt change
MILLIONTH = Decimal("0.000001")
Json = dict[str, Any]


def successes(tasks: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Which tasks succeeded, those without calls too.

    Grain: one row per task: ``task``, ``named_feature``, ``named_tenant``, ``has_calls``,
    ``opened_ms``, ``call_count``, ``cost``, ``unpriced_count``, ``prompt``, ``is_success``.

    Args:
        tasks: tasks as their calls show them.
        events: the events known by the end.
    """
    called = tasks.select(
        "named_feature", "named_tenant", "opened_ms", "call_count", "cost", "unpriced_count",
        "prompt", "feature",
        task="task_" + pl.col("unit_bits").cast(pl.String),
        has_calls=pl.lit(True),
    )  # fmt: skip
    ruled = events.filter(~pl.col("has_calls")).group_by("task", maintain_order=True).agg(
        named_feature=pl.first("feature"),
        named_tenant=pl.first("tenant"),
        opened_ms=pl.min("occurred_ms"),
    ).with_columns(has_calls=pl.lit(False))  # fmt: skip
    whole = pl.concat([called, ruled], how="diagonal")
    counted = _counting(events).join(whole.select("task", "opened_ms", "named_feature"), on="task")
    # the rule of a checked extraction is the feature's own: a task of no known feature has none
    is_ruled = (pl.col("event_name") != CHECKED) | (pl.col("named_feature") == "invoice_extract")
    in_time = pl.col("occurred_ms") <= pl.col("opened_ms") + WINDOW_MS
    last = (
        counted.filter(is_ruled & in_time)
        .sort("occurred_ms", "observed_ms")
        .group_by("task")
        .agg(is_success=pl.last("is_success"))
    )
    return whole.join(last, on="task", how="left").with_columns(
        pl.col("is_success").fill_null(False),
        pl.col("call_count", "cost", "unpriced_count").fill_null(0),
    )


def _counting(events: pl.DataFrame) -> pl.DataFrame:
    """The current version of every event that was not taken back or replaced."""
    current = events.sort("version").group_by("event_id", maintain_order=True).last()
    current = current.filter(~pl.col("is_revoked"))
    gone = pl.concat([current["revokes_event_id"], current["supersedes_event_id"]]).drop_nulls()
    return current.filter(~pl.col("event_id").is_in(gone.to_list()))


def truth_of_outcomes(
    calls: pl.DataFrame, tasks: pl.DataFrame, events: pl.DataFrame, window: Window
) -> Json:
    """Tasks, successes and their cost by feature and tenant, and what was planted.

    Args:
        calls: every call with ``cost``, ``named_feature``, ``named_tenant``.
        tasks: tasks as their calls show them.
        events: every event, those after the end too.
        window: the period.
    """
    known = delivered(events, window)
    judged = successes(tasks, known)
    untasked = calls.filter(~is_of_task())
    first = known.filter(pl.col("version") == 0)
    opened = judged.select("task", "opened_ms")
    after = first.join(opened, on="task").filter(
        pl.col("occurred_ms") > pl.col("opened_ms") + WINDOW_MS
    )
    return {
        "window_hours": WINDOW_HOURS,
        "by_feature": _grouped(judged, "named_feature", "feature"),
        "by_tenant": _grouped(judged, "named_tenant", "tenant_id"),
        "task_count": judged.filter("has_calls").height,
        "task_cost_usd": _text(judged["cost"].sum()),
        "untasked": {
            "call_count": untasked.height,
            "cost_usd": _text(untasked["cost"].sum()),
        },
        "events": {
            "event_count": known["event_id"].n_unique(),
            "version_count": known.height,
            "after_the_end": events.height - known.height,
            "after_the_window": after.height,
            "noted_late": first.filter(
                pl.col("observed_ms") - pl.col("occurred_ms") > DAY // 4).height,
            "filed_late": first.filter(
                pl.col("file_day") > (pl.col("observed_ms") - window.start_ms) // DAY).height,
            "revoked": known.filter("is_revoked").height,
            "revoking": known["revokes_event_id"].count(),
            "superseding": known["supersedes_event_id"].count(),
            "named_by_run": first["run_id"].count(),
            "named_by_trace": first["trace_id"].count(),
            "repeated": int(known["is_repeated"].sum()),
        },
        "prompt_changes": [_change(judged, change, window) for change in PROMPT_CHANGES],
    }  # fmt: skip


def _grouped(judged: pl.DataFrame, column: str, name: str) -> list[Json]:
    called = pl.col("has_calls")
    good = pl.col("is_success")
    rows = (
        judged.group_by(pl.col(column).alias(name))
        .agg(
            task_count=called.sum().cast(pl.Int64),
            success_count=(called & good).sum().cast(pl.Int64),
            tasks_without_calls_count=(~called).sum().cast(pl.Int64),
            successes_without_calls_count=(~called & good).sum().cast(pl.Int64),
            call_count=pl.sum("call_count"),
            unpriced_call_count=pl.sum("unpriced_count"),
            cost=pl.sum("cost"),
        )
        .sort(name)
        .to_dicts()
    )
    for row in rows:
        cost = row.pop("cost")
        row["cost_usd"] = _text(cost)
        row["cost_per_success_usd"] = _per(cost, row["success_count"])
    return rows


def _change(judged: pl.DataFrame, change: PromptChange, window: Window) -> Json:
    """Tasks of two weeks before and after, by the prompt of their first call."""
    number = FEATURE_NUMBER[change.feature]
    at = prompt_starts(window, number)[change.number - 2]
    # a task whose window is still open may succeed yet
    own = judged.filter(
        (pl.col("feature") == number) & (pl.col("opened_ms") + WINDOW_MS <= window.end_ms)
    )
    span = COMPARED_DAYS * DAY
    since = pl.col("opened_ms") - at
    before = own.filter((pl.col("prompt") == change.number - 1) & since.is_between(-span, 0))
    after = own.filter((pl.col("prompt") == change.number) & since.is_between(0, span))
    return {
        "feature": change.feature,
        "from_version": f"{change.feature}/v{change.number - 1}",
        "to_version": change.version,
        "what": change.what,
        "verdict": change.verdict,
        "before": _sums(before),
        "after": _sums(after),
    }


def _sums(tasks: pl.DataFrame) -> Json:
    count, cost = tasks.height, int(tasks["cost"].sum())
    calls, good = int(tasks["call_count"].sum()), int(tasks["is_success"].sum())
    return {
        "task_count": count,
        "success_count": good,
        "call_count": calls,
        "cost_usd": _text(cost),
        "cost_per_call_usd": _per(cost, calls),
        "cost_per_task_usd": _per(cost, count),
        "cost_per_success_usd": _per(cost, good),
    }


def truth_of_money(spend: Spend, customers: tuple[Tenant, ...]) -> Json:
    """Who costs more than it pays, whose revenue nobody knows, which budget runs out."""
    agents = pl.col("team") == "agents"
    return {
        "costs_more_than_it_pays": customers[LOSING].tenant_id,
        "unknown_revenue": [customers[UNKNOWN].tenant_id, INTERNAL_TENANT],
        "whole_months": whole_months(spend.window),
        "exhausted_budget": {
            "budget_id": EXHAUSTED_BUDGET,
            "month": spend.day(spend.month_ms).strftime("%Y-%m"),
            "budget_usd": format(exhausted_budget(spend), "f"),
            "spent_usd": format(spend.last_month(agents), "f"),
        },
    }


def with_names(calls: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    """Adds the tenant and feature the ledger attributes a call to, and its team."""
    teams = pl.Series([f.team for f in FEATURES])
    return calls.with_columns(
        named.select(named_tenant="tenant_id", named_feature="feature"),
        team=pl.lit(teams).gather(pl.col("feature")),
    )


def totals(expected: dict[str, Counter[str]], source: str) -> Counter[str]:
    """Lines of a source's files by what is expected of them."""
    own = [counts for name, counts in expected.items() if name.startswith(f"{source}/")]
    return sum(own, Counter())


def _text(trillionths: int | float | Decimal) -> str:
    return format(usd(int(trillionths)), "f")


def _per(trillionths: int, count: int) -> str | None:
    if not count:
        return None
    return format((usd(trillionths) / count).quantize(MILLIONTH, ROUND_HALF_UP), "f")
