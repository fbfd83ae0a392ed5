"""The weekly review as a page: whole, readable, and safe whatever a tenant is called."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from publish.reports import write_reports
from publish.review.cells import LONGEST_TEXT, percent, points, text, usd
from publish.review.lines import read_review
from publish.review.page import review_page

WEEK = dt.date(2026, 11, 9)
COLUMNS = [
    "week_start_date",
    "section",
    "section_rank",
    "subject_type",
    "subject",
    "period_start_date",
    "metric",
    "unit",
    "value_usd",
    "previous_value_usd",
    "low_usd",
    "high_usd",
    "value_number",
    "previous_value_number",
    "change_share",
    "status",
    "note",
]


def _row(section: str, metric: str, rank: int = 1, **values: Any) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(COLUMNS)
    row |= {"week_start_date": WEEK, "section": section, "section_rank": rank, "metric": metric}
    return row | {"subject_type": "org", "subject": "*"} | values


def _money(value: str, before: str | None = None) -> dict[str, Any]:
    return {
        "value_usd": Decimal(value),
        "previous_value_usd": None if before is None else Decimal(before),
        "change_share": None if before is None else float(Decimal(value) / Decimal(before) - 1),
    }


def _page(*rows: dict[str, Any]) -> str:
    return review_page(read_review(rows))


SUMMARY = [
    _row("summary", "billed_cost_usd", **_money("1234.5", "1000")),
    _row("summary", "call_count", value_number=9000.0),
]


def test_the_headlines_come_first() -> None:
    page = _page(
        *SUMMARY,
        _row("summary", "unpriced_call_count", value_number=1.0),
        _row("top_tenants", "billed_cost_usd", subject="a", subject_type="tenant",
             **_money("3", "1")),
        _row("cost_per_success", "cost_per_success_usd", status="projected",
             period_start_date=WEEK, **_money("0.5", "0.4")),
        _row("cost_per_success", "maturity_share", status="projected", period_start_date=WEEK,
             value_number=0.75),
        _row("cost_per_success", "cost_per_success_usd", 2, status="mature",
             period_start_date=dt.date(2026, 11, 2), low_usd=Decimal("0.3"),
             high_usd=Decimal("0.45"), **_money("0.4")),
        _row("spikes", "worst_day_cost_usd", subject="w", subject_type="workflow",
             **_money("8", "2")),
        _row("spikes", "excess_cost_usd", subject="w", subject_type="workflow", **_money("6")),
        _row("budgets_at_risk", "spent_usd", subject="b", status="exhausted", **_money("6")),
        _row("efficiency", "call_count", subject="rag", subject_type="feature", value_number=10.0),
        _row("efficiency", "retry_share", subject="rag", subject_type="feature",
             value_number=0.12, previous_value_number=0.02),
        _row("model_mix", "cost_share", subject="openai/x", subject_type="model",
             value_number=0.5, previous_value_number=0.75),
    )  # fmt: skip
    lines = page.splitlines()
    assert lines[0] == "# Weekly review, 9 November 2026 to 15 November 2026"
    assert lines[2:11] == [
        "- Spend was 1,234.50 USD for 9,000 calls, up 23.4 % on the week before (1,000.00 USD).",
        "- 1 call has no known price, so every sum of dollars here is too low by what they cost.",
        "- Of the largest tenants and workflows, tenant a rose most: from 1.00 USD to 3.00 USD.",
        "- A successful task is projected to cost 0.50 USD (75.0 % of the time for outcomes has "
        "passed), up 25.0 % on the week before (0.40 USD), outside that week's 95 % interval.",
        "- The newest week whose outcomes are all in began on 2026-11-02: 0.40 USD for each "
        "success (95 % between 0.30 USD and 0.45 USD).",
        "- 1 subject stands out against the usual day or hour; workflow w most, by 6.00 USD.",
        "- 1 budget was at risk, 1 of them spent; b first.",
        "- Retries rose most in rag: from 2.0 % to 12.0 % of its calls.",
        "- The model mix moved most at openai/x: from 75.0 % to 50.0 % of spend.",
    ]
    assert "| workflow w | day | 8.00 USD | 2.00 USD | 4.0 | 6.00 USD | not known |" in lines


def test_what_is_not_known_is_said() -> None:
    page = _page(*SUMMARY[1:], _row("summary", "billed_cost_usd"), _row("unit_costs", "x"))
    assert "- Spend was not known for 9,000 calls, with nothing to compare it with" in page
    assert "- No outcome of any task is known" in page
    assert "- No budget was at risk." in page
    assert "| **all** | " + " | ".join(["not known"] * 6) + " |" in page
    assert "|  |" not in page


def test_without_a_complete_week_it_is_one_sentence() -> None:
    row = _row("no_complete_week", "none", week_start_date=None, note="No complete week yet: x")
    assert _page(row) == "# Weekly review\n\nNo complete week yet: x.\n"
    assert _page() == "# Weekly review\n\nNo complete week yet.\n"


HOSTILE = [
    "a|b",
    "a\\|b",
    "line\nbreak\r\n| x | y |",
    "<img src=x onerror=alert(1)>",
    "[a](javascript:alert(1))",
    "![a](https://evil.example/x.png)",
    "`code` **bold** ~~gone~~ $x$ _it_",
    "https://evil.example www.evil.example @everyone",
    "\u202egnp\u200b.exe\x00",
    "# title",
    "| --- |",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_cannot_break_its_table(name: str) -> None:
    page = _page(
        *SUMMARY,
        _row("top_tenants", "billed_cost_usd", subject=name, subject_type="tenant", note=name,
             **_money("3", "1")),
    )  # fmt: skip
    (line,) = [line for line in page.splitlines() if " 3.00 USD | 1.00 USD |" in line]
    assert line.count("|") == 7
    assert not any(sign in text(name) for sign in "|<>[]`*~$@\\\n\r\u202e\u200b\x00")
    assert not any(part in text(name) for part in ("://", "www.", " _it_"))


def test_names_stay_readable() -> None:
    assert text("alder-logistics") == "alder-logistics"
    assert text("wf_agent_research") == "wf_agent_research"
    assert text("") == text(None) == text(" \n") == "not known"
    assert len(text("x" * 500)) == LONGEST_TEXT


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("0", "0.00 USD"),
        ("0.000123456", "0.00012 USD"),
        ("0.5", "0.50 USD"),
        ("0.0314159", "0.031 USD"),
        ("-1234.567", "-1,234.57 USD"),
        ("1E+3", "1,000.00 USD"),
        ("12345678901234567890.12", "12,345,678,901,234,567,890.12 USD"),
    ],
)
def test_dollars_are_readable(value: str, shown: str) -> None:
    assert usd(Decimal(value)) == shown


def test_nothing_is_minus_nought() -> None:
    assert percent(-0.0001) == "0.0 %"
    assert points(0.1, 0.1001) == "10.0 % (+0.0 points)"
    assert points(0.1, None) == "10.0 %"


def test_it_is_written_beside_the_csv_files(tmp_path: Path) -> None:
    file = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema reports")
        columns = ", ".join(f"cast(null as varchar) as {name}" for name in COLUMNS)
        connection.execute(
            "create table reports.rpt_weekly_review as select * replace "
            "('no_complete_week' as section, 1 as section_rank, 'No week' as note) "
            f"from (select {columns})"
        )
    folder = tmp_path / "reports"
    written = write_reports(file, folder)
    assert written == {folder / "rpt_weekly_review.csv": 1, folder / "weekly_review.md": 1}
    assert (folder / "weekly_review.md").read_text() == "# Weekly review\n\nNo week.\n"
    assert sorted(path.name for path in folder.iterdir()) == [
        "rpt_weekly_review.csv",
        "weekly_review.md",
    ]
