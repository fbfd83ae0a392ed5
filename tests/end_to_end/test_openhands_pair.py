"""The real pair: task estimates landed, invoiced, closed, then restated by their second version.

Every expected figure is summed from the index's own CSV files with csv and Decimal; no model of
ours is asked for one. What the files hold is written out in `test_the_files_hold…`.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from pipeline.settings import PROJECT
from tests.support.openhands import (
    FOLDER,
    GATEWAY,
    MONTH,
    V1,
    V2,
    Cell,
    Task,
    by_account,
    estimated,
    invoiced,
    tasks,
    write_invoices,
    write_log,
)
from tests.support.warehouse import EVERYTHING, build_lake, query

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FOLDER.exists(), reason=f"the OpenHands index is not in {FOLDER}"),
]
NEXT_MONTH = "2026-06"
REASON = "The estimates are the agents' own; the index restates them"
Amounts = dict[Cell, Decimal]


@dataclass(frozen=True)
class Line:
    """A cell as the reconciliation shows it, over its token classes."""

    metered: Decimal
    invoiced: Decimal
    causes: frozenset[str]
    verdicts: frozenset[str]


@dataclass(frozen=True)
class Story:
    """What happened, and what the warehouse said after each version."""

    data: Path
    said: dict[str, str]
    costs: dict[str, tuple[Decimal, int, int, int]]
    lines: dict[str, dict[Cell, Line]]


@pytest.fixture(scope="module")
def versions() -> dict[str, list[Task]]:
    """Both versions of the tasks."""
    return {"v1": tasks(V1), "v2": tasks(V2)}


@pytest.fixture(scope="module")
def story(versions: dict[str, list[Task]], tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Land, bill, build, close; land the second version, build, close the next month."""
    folder = tmp_path_factory.mktemp("openhands")
    data = folder / "data"
    said, costs, lines = {}, {}, {}

    def run(name: str, *arguments: str, expected: int = 0) -> None:
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            env={**os.environ, "TOKENHOUSE_DATA": str(data)},
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )
        said[name] = done.stdout + done.stderr
        assert done.returncode == expected, said[name]

    def built(version: str) -> None:
        build_lake(data, EVERYTHING)
        costs[version] = _costs(data)
        lines[version] = _lines(data)

    log = write_log(folder / "v1.ndjson", versions["v1"], "2026-05-31T23:00:00Z")
    run("land v1", "ingest", "calls", str(log))
    bills = write_invoices(folder / "invoices.csv", versions["v1"])
    run("bill", "ingest", "invoices", str(bills))
    built("v1")
    run("refuse", "publish", "close", "--month", MONTH, expected=1)
    run("close", "publish", "close", "--month", MONTH, "--reason", REASON)
    log = write_log(folder / "v2.ndjson", versions["v2"], "2026-06-30T00:00:00Z")
    run("land v2", "ingest", "calls", str(log))
    built("v2")
    run("restate", "publish", "close", "--month", NEXT_MONTH)
    run("close again", "publish", "close", "--month", MONTH, expected=1)
    for month in (MONTH, NEXT_MONTH):
        run(f"verify {month}", "publish", "verify", "--month", month)
    return Story(data, said, costs, lines)


def _costs(data: Path) -> tuple[Decimal, int, int, int]:
    """The sum of all costs; calls without a cost, with a cost of 0, and unpriced in the marts."""
    [(total, unknown, free)] = query(
        data,
        "select sum(billed_cost_usd), count(*) - count(billed_cost_usd),"
        " count(*) filter (where billed_cost_usd = 0) from marts.fct_calls",
    )
    [(unpriced,)] = query(data, "select sum(call_count) from marts.fct_unpriced_usage_daily")
    return total, unknown, free, int(unpriced)


def _lines(data: Path) -> dict[Cell, Line]:
    rows = query(
        data,
        f"""
        select
            billing_account_id, model, sum(metered_cost), sum(coalesce(invoiced_cost, 0)),
            sum(variance), list(main_cause), list(verdict)
        from marts.fct_invoice_reconciliation_monthly
        where provider = '{GATEWAY}' and token_class <> 'requests' and model <> '(invoice)'
        group by all
        """,
    )
    found = {}
    for account, model, metered, charged, variance, causes, verdicts in rows:
        assert metered + variance == charged, (account, model)
        agent, benchmark = account.split("/")
        found[Cell(agent, benchmark, model)] = Line(
            metered,
            charged,
            frozenset(cause for cause in causes if cause),
            frozenset(verdict for verdict in verdicts if verdict != "matched") or {"matched"},
        )
    return found


def _restated(data: Path) -> list[dict[str, str]]:
    file = data / "closes" / NEXT_MONTH / "restatements.csv"
    with file.open(encoding="utf-8", newline="") as rows:
        return list(csv.DictReader(rows))


def _within(estimates: Amounts, bills: Amounts, share: str) -> set[Cell]:
    return {
        cell for cell, bill in bills.items() if abs(estimates[cell] - bill) <= Decimal(share) * bill
    }


def test_the_files_hold_what_their_provenance_says(versions: dict[str, list[Task]]) -> None:
    old, new = versions["v1"], versions["v2"]
    assert [task.event_id for task in old] == [task.event_id for task in new]
    assert len({task.event_id for task in old}) == len(old) == 51_451
    sums = [
        sum((task.cost or Decimal(0) for task in version), Decimal(0)) for version in (old, new)
    ]
    assert [round(total, 2) for total in sums] == [Decimal("45097.07"), Decimal("50732.98")]
    changed = [before.cost != after.cost for before, after in zip(old, new, strict=True)]
    assert sum(changed) == 7_887
    assert [sum(task.cost is None for task in version) for version in (old, new)] == [750, 578]
    assert [sum(task.cost == 0 for task in version) for version in (old, new)] == [10_649, 2_934]


def test_every_cost_lands_and_what_did_not_change_is_a_duplicate(
    story: Story, versions: dict[str, list[Task]]
) -> None:
    assert "51,451 landed + 0 duplicate + 0 quarantined" in story.said["land v1"]
    assert "7,887 landed + 43,564 duplicate + 0 quarantined" in story.said["land v2"]
    assert "7,887 superseding" in story.said["land v2"]
    for name, version in versions.items():
        known = [task.landed_cost for task in version if task.landed_cost is not None]
        unknown = len(version) - len(known)
        expected = (sum(known), unknown, sum(cost == 0 for cost in known), unknown)
        assert story.costs[name] == expected


def test_every_cell_shows_its_estimate_and_its_bill(
    story: Story, versions: dict[str, list[Task]]
) -> None:
    bills = invoiced(versions["v1"])
    assert sum(bills.values()) == Decimal("49076.38")
    for name, version in versions.items():
        estimates = estimated(version)
        shown = story.lines[name]
        assert {cell: line.metered for cell, line in shown.items()} == estimates
        assert {cell: line.invoiced for cell, line in shown.items()} == bills


def test_the_bridge_of_every_invoice_ends_at_its_total(
    story: Story, versions: dict[str, list[Task]]
) -> None:
    steps = query(
        story.data,
        "select billing_account_id, sum(amount) filter (where step = 10),"
        " sum(amount) filter (where step < 90), sum(amount) filter (where step = 90)"
        f" from marts.fct_invoice_bridge_monthly where billing_month = '{MONTH}' group by all",
    )
    estimates = by_account(estimated(versions["v2"]))
    expected = {
        account: (sum(estimates[account].values()), sum(lines.values()), sum(lines.values()))
        for account, lines in by_account(invoiced(versions["v1"])).items()
    }
    assert len(expected) == 25
    assert {account: tuple(sums) for account, *sums in steps} == expected


def test_cells_within_one_and_five_percent(story: Story) -> None:
    shown = story.lines["v2"]
    estimates = {cell: line.metered for cell, line in shown.items()}
    bills = {cell: line.invoiced for cell, line in shown.items()}
    standard = Counter(cell.agent == "openhands" for cell in shown)
    assert standard == {True: 170, False: 45}
    counts = [
        Counter(cell.agent == "openhands" for cell in _within(estimates, bills, share))
        for share in ("0.01", "0.05")
    ]
    assert counts == [{True: 85, False: 13}, {True: 122, False: 14}]


def test_estimates_nobody_agreed_on_are_neither_discounts_nor_overcharges(story: Story) -> None:
    """Gemini CLI reports no cache reads, Codex states no cost: data issues, both named."""
    shown = story.lines["v2"]
    too_high = {
        cell: line
        for cell, line in shown.items()
        if cell.agent == "acp-gemini" and line.metered > Decimal("2.8") * line.invoiced
    }
    ratios = sorted(line.metered / line.invoiced for line in too_high.values())
    assert [round(ratio, 2) for ratio in (ratios[0], ratios[-1])] == [
        Decimal("2.85"), Decimal("3.56"),
    ]  # fmt: skip
    assert len(too_high) == 8
    assert {line.causes for line in too_high.values()} == {frozenset({"stated_cost_differs"})}
    unmetered = {cell: line for cell, line in shown.items() if cell.agent == "acp-codex"}
    assert len(unmetered) == 10
    assert {line.metered for line in unmetered.values()} == {0}
    assert {line.causes for line in unmetered.values()} == {frozenset({"cost_not_stated"})}
    verdicts = Counter(verdict for line in shown.values() for verdict in line.verdicts)
    assert set(verdicts) == {"data issue", "matched"}
    beyond = {cell for cell, line in shown.items() if line.verdicts == {"data issue"}}
    assert beyond >= shown.keys() - _within(
        {cell: line.metered for cell, line in shown.items()},
        {cell: line.invoiced for cell, line in shown.items()},
        "0.01",
    )


def test_a_month_that_does_not_match_is_closed_with_a_reason_only(story: Story) -> None:
    assert story.said["refuse"].startswith(f"{MONTH} is not closed:")
    for account in ("acp-codex/swe-bench", "acp-gemini/swe-bench", "acp-gemini/swt-bench"):
        assert f"invoice INV-{account} of {GATEWAY} is variance" in story.said["refuse"]
    assert f"{MONTH} is closed: manifest" in story.said["close"]
    assert "a closed month never changes" in story.said["close again"]


def test_the_restatement_is_the_difference_of_the_versions(
    story: Story, versions: dict[str, list[Task]]
) -> None:
    old, new = estimated(versions["v1"]), estimated(versions["v2"])
    changes = {cell: new[cell] - old[cell] for cell in new if new[cell] != old[cell]}
    restated: dict[Cell, Decimal] = defaultdict(Decimal)
    for row in _restated(story.data):
        assert (row["posted_month"], row["billing_month"]) == (NEXT_MONTH, MONTH)
        if row["figure"] == "ledger":
            agent, benchmark = row["billing_account_id"].split("/")
            assert (row["project"], row["workload"]) == (row["billing_account_id"], benchmark)
            restated[Cell(agent, benchmark, row["model"])] += Decimal(row["restatement_amount"])
    assert dict(restated) == changes
    assert sum(restated.values()) == sum(new.values()) - sum(old.values())
    assert round(sum(restated.values()), 2) == Decimal("5635.91")
    bridge = [row for row in _restated(story.data) if row["figure"] == "bridge"]
    assert sum(Decimal(row["restatement_amount"]) for row in bridge) == 0
