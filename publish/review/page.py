"""The weekly review as Markdown: headlines first, then a table for each section.

Data flow: warehouse, reports.rpt_weekly_review -> data/reports/weekly_review.md
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import duckdb

from publish.review.cells import (
    NOT_KNOWN,
    change,
    count,
    day,
    percent,
    points,
    table,
    text,
    usd,
)
from publish.review.headlines import headlines
from publish.review.lines import Figure, Review, Subject, read_review

REPORT = "rpt_weekly_review"
FILE_NAME = "weekly_review.md"


def write_review(connection: duckdb.DuckDBPyConnection, folder: Path) -> tuple[Path, int]:
    """Writes the page beside the CSV files, whole or not at all.

    Args:
        connection: the warehouse.
        folder: where the reports are.

    Returns:
        The file and the number of figures it was made of.
    """
    result = connection.execute(f"select * from reports.{REPORT}")
    names = [column[0] for column in result.description or []]
    rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    file = folder / FILE_NAME
    draft = file.with_suffix(".md.tmp")
    draft.write_text(review_page(read_review(rows)), encoding="utf-8", newline="\n")
    draft.replace(file)
    return file, len(rows)


def review_page(review: Review) -> str:
    """The page."""
    if review.week_start is None:
        notes = [text(subject.note) for subject in review.section("no_complete_week")]
        return "\n\n".join(["# Weekly review", *(notes or ["No complete week yet"])]) + ".\n"
    last = review.week_start + dt.timedelta(days=6)
    parts = [
        f"# Weekly review, {day(review.week_start)} to {day(last)}",
        "\n".join(f"- {sentence}" for sentence in headlines(review)),
        _spenders(review, "top_tenants", "Tenants", "Tenant"),
        _spenders(review, "top_workflows", "Workflows", "Workflow"),
        _spikes(review.section("spikes")),
        _cost_per_success(review),
        _unit_costs(review.section("unit_costs")),
        _budgets(review.section("budgets_at_risk")),
        _efficiency(review.section("efficiency")),
        _spenders(review, "model_mix", "Models", "Model"),
        "Every change is against the week before. Dollars are what calls cost by the price list, "
        "not what the provider has invoiced. All figures: `rpt_weekly_review.csv`.",
    ]
    return "\n\n".join(parts) + "\n"


def _spenders(review: Review, section: str, title: str, kind: str) -> str:
    rows = [
        [
            text(subject.name),
            usd(subject["billed_cost_usd"].money),
            usd(subject["billed_cost_usd"].money_before),
            change(subject["billed_cost_usd"].change),
            points(subject["cost_share"].number, subject["cost_share"].number_before),
            text(subject.note) if subject.note else "-",
        ]
        for subject in review.section(section)
    ]
    header = [kind, "Spend", "Week before", "Change", "Share of spend", "Note"]
    return _section(title, header, rows, "No calls.")


def _spikes(spikes: Sequence[Subject]) -> str:
    rows = []
    for subject in spikes:
        period = "day" if "worst_day_cost_usd" in subject.figures else "hour"
        worst = subject[f"worst_{period}_cost_usd"]
        rows.append(
            [
                f"{subject.kind} {text(subject.name)}",
                period,
                usd(worst.money),
                usd(worst.money_before) if worst.money_before is not None else "new",
                _times(worst),
                usd(subject["excess_cost_usd"].money),
                text(subject.note),
            ]
        )
    header = ["What", "By", "Worst", "Usual", "Times", "Beyond the usual", "Note"]
    return _section("What stands out", header, rows, "Nothing.", words=2)


def _times(figure: Figure) -> str:
    return "-" if figure.change is None else f"{figure.change + 1:,.1f}"


def _cost_per_success(review: Review) -> str:
    subjects = review.section("cost_per_success")
    header = ["Week of", "Cost", "95 % between", "Basis", "Outcomes in", "Succeeded", "Tasks",
              "Spend explained", "Change"]  # fmt: skip
    rows = [
        [
            str(subject.period_start),
            usd(subject["cost_per_success_usd"].money),
            _between(subject["cost_per_success_usd"]),
            text(subject.status),
            percent(subject["maturity_share"].number),
            percent(subject["success_share"].number),
            count(subject["task_count"].number),
            percent(subject["attribution_coverage_share"].number),
            change(subject["cost_per_success_usd"].change),
        ]
        for subject in subjects
        if subject.kind == "org"
    ]
    section = _section("Cost per successful task", header, rows, "No outcome is known.")
    weeks = sorted({s.period_start for s in subjects if s.period_start}, reverse=True)
    by_feature: dict[str, dict[dt.date | None, Subject]] = {}
    for subject in review.features("cost_per_success"):
        by_feature.setdefault(subject.name, {})[subject.period_start] = subject
    if not by_feature:
        return section
    features = [
        [text(name), *(_short(of_week.get(week)) for week in weeks)]
        for name, of_week in by_feature.items()
    ]
    return (
        f"{section}\n\nBy feature and week; ~ is projected, as outcomes are still coming in.\n\n"
        + table(["Feature", *(str(week) for week in weeks)], features)
    )


def _short(subject: Subject | None) -> str:
    money = subject["cost_per_success_usd"].money if subject else None
    if subject is None or money is None:
        return NOT_KNOWN
    return f"{'' if subject.status == 'mature' else '~ '}{usd(money)}"


def _between(figure: Figure) -> str:
    if figure.low is None or figure.high is None:
        return NOT_KNOWN
    return f"{usd(figure.low)} and {usd(figure.high)}"


def _unit_costs(subjects: Sequence[Subject]) -> str:
    metrics = ("cost_per_call_usd", "cost_per_operation_usd", "cost_per_1k_tokens_usd")
    rows = [
        [
            _scope(subject),
            *(
                cell
                for metric in metrics
                for cell in (usd(subject[metric].money), change(subject[metric].change))
            ),
        ]
        for subject in subjects
    ]
    header = ["Feature", "A request", "Change", "An operation", "Change", "1,000 tokens", "Change"]
    return _section("Unit costs", header, rows, "No calls.")


def _budgets(subjects: Sequence[Subject]) -> str:
    rows = [
        [
            text(subject.name),
            text(subject.status),
            day(subject.period_start),
            usd(subject["spent_usd"].money),
            usd(subject["budget_usd"].money),
            percent(subject["used_share"].number),
            _forecast(subject),
            text(subject.note) if subject.note else "-",
        ]
        for subject in subjects
    ]
    header = ["Budget", "State", "From", "Spent", "Budget of", "Used", "Forecast", "Note"]
    return _section("Budgets at risk", header, rows, "None.", words=3)


def _forecast(subject: Subject) -> str:
    if "forecast_usd" not in subject.figures:
        return "-"
    figure = subject["forecast_usd"]
    if figure.low is None or figure.high is None:
        return usd(figure.money)
    return f"{usd(figure.money)} ({usd(figure.low)} to {usd(figure.high)})"


def _efficiency(subjects: Sequence[Subject]) -> str:
    metrics = {
        "cache_hit_share": "Own cache hits",
        "cache_read_share": "Cached input tokens",
        "retry_share": "Retries",
        "fallback_share": "Fallbacks",
        "batch_share": "Batch",
        "failed_share": "Failed",
    }
    rows = [
        [
            _scope(subject),
            count(subject["call_count"].number),
            *(points(subject[name].number, subject[name].number_before) for name in metrics),
            _sized(subject["p90_input_tokens"]),
        ]
        for subject in subjects
    ]
    header = ["Feature", "Calls", *metrics.values(), "p90 input tokens"]
    return _section("Caches, retries, fallbacks, batches", header, rows, "No calls.")


def _sized(figure: Figure) -> str:
    if figure.change is None:
        return count(figure.number)
    return f"{count(figure.number)} ({change(figure.change)})"


def _scope(subject: Subject) -> str:
    return "**all**" if subject.kind == "org" else text(subject.name)


def _section(
    title: str, header: Sequence[str], rows: Sequence[Sequence[str]], otherwise: str, words: int = 1
) -> str:
    return f"## {title}\n\n" + (table(header, rows, words=words) if rows else otherwise)
