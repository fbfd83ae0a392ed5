"""Real agents' tasks, landed by the commands: what a success cost by agent and model.

Every expected figure is summed from the result sets' own files with csv, json and Decimal; no
model of ours and no line of the conversion is asked for one.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from benchmarks.outcomes.real.__main__ import notes, table
from benchmarks.outcomes.real.figures import (
    Beside,
    Figure,
    beside,
    build_marts,
    figures,
    land,
)
from tests.support.warehouse import manifest, query

SHARED = Path(__file__).parents[3] / "shared" / "data"
INDEX = SHARED / "openhands_index" / "instance_results_v2_3015ac6.csv"
VEXP = SHARED / "vexp_swe_bench" / "swebench-2026-03-22.jsonl"
TAU = SHARED / "tau_bench" / "trials.csv"
PICODOLLAR = Decimal("0.000000000001")
ABSENT = [file.parent.name for file in (INDEX, VEXP, TAU) if not file.exists()]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(ABSENT), reason=f"not in {SHARED}: {', '.join(ABSENT)}"),
]
Key = tuple[str, str, str]


@dataclass
class Tally:
    """What the files say of a source's agent and model."""

    tasks: int = 0
    solved: int = 0
    failed: int = 0
    unpriced: int = 0
    zero: int = 0
    cost: Decimal = Decimal(0)

    def add(self, cost: str, solved: str) -> None:
        self.tasks += 1
        self.solved += solved == "True"
        self.failed += solved == "False"
        self.unpriced += not cost
        self.zero += bool(cost) and Decimal(cost) == 0
        self.cost += whole(Decimal(cost or 0))

    @property
    def unknown(self) -> int:
        return self.tasks - self.solved - self.failed

    @property
    def cost_per_success(self) -> Decimal | None:
        return whole(self.cost / self.solved) if self.cost and self.solved else None

    @property
    def scaled(self) -> Decimal | None:
        costed = self.tasks - self.unpriced - self.zero
        return whole(self.cost * self.tasks / (costed * self.solved)) if self.cost else None


@dataclass(frozen=True)
class Story:
    """The lake's folder, what landing said, and the figures."""

    data: Path
    said: str
    figures: dict[Key, Figure]


def whole(amount: Decimal) -> Decimal:
    """In whole picodollars, which is all the lake keeps."""
    return amount.quantize(PICODOLLAR, ROUND_HALF_UP)


def read() -> Iterator[tuple[Key, str, str]]:
    """Key, cost and whether it was solved of every task, as its file says them."""
    with INDEX.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            agent = row["agent_dir"] or "openhands"
            key = ("openhands-index", agent, row["model_dir"].lower())
            yield key, row["cost_usd"], row["resolved"]
    with VEXP.open(encoding="utf-8") as lines:
        for line in lines:
            said = json.loads(line, parse_float=str)
            key = ("vexp-swe-bench", said["agent"], said["model"])
            yield key, said["costUsd"], str(said["resolved"])
    with TAU.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield ("tau-bench", "tau-agent", "gpt-4o"), "", str(row["reward"] == "1.0")


@pytest.fixture(scope="module")
def expected() -> dict[Key, Tally]:
    tallies: dict[Key, Tally] = {}
    for key, cost, solved in read():
        tallies.setdefault(key, Tally()).add(cost, solved)
    return tallies


@pytest.fixture(scope="module")
def users() -> list[str]:
    """What tau-bench says its simulated users cost."""
    with TAU.open(encoding="utf-8", newline="") as file:
        return [row["user_simulator_cost_usd"] for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("outcomes")
    said = land(folder, folder / "data")
    build_marts(folder / "data", manifest())
    found = figures(folder / "data")
    keyed = {(line.source, line.agent, line.model): line for line in found}
    assert len(keyed) == len(found)
    return Story(folder / "data", said, keyed)


def of(expected: dict[Key, Tally], source: str) -> list[Tally]:
    return [tally for key, tally in expected.items() if key[0] == source]


def test_the_files_hold_what_their_provenance_says(
    expected: dict[Key, Tally], users: list[str]
) -> None:
    index = of(expected, "openhands-index")
    assert len(index) == 43
    assert [
        sum(getattr(tally, name) for tally in index)
        for name in ("tasks", "solved", "failed", "unknown", "unpriced", "zero")
    ] == [51_451, 33_383, 17_591, 477, 578, 2_934]
    assert round(sum(tally.cost for tally in index), 2) == Decimal("50732.98")
    assert [tally.zero for key, tally in expected.items() if key[1] == "acp-codex"] == [1207, 1182]
    [vexp] = of(expected, "vexp-swe-bench")
    assert (vexp.tasks, vexp.solved, round(vexp.cost, 2)) == (100, 73, Decimal("67.21"))
    [tau] = of(expected, "tau-bench")
    assert (tau.tasks, tau.solved, tau.unpriced) == (200, 84, 200)
    assert (len(users), users.count("")) == (200, 5)


def test_every_call_and_every_known_outcome_lands(story: Story) -> None:
    calls = 51_451 + 100 + 200 + 200
    assert f"{calls:,} landed + 0 duplicate + 0 quarantined" in story.said
    outcomes = 51_451 - 477 + 100 + 200
    assert f"{outcomes:,} landed + 0 duplicate + 0 quarantined" in story.said


def test_every_agent_and_model_is_what_the_files_say(
    story: Story, expected: dict[Key, Tally]
) -> None:
    assert story.figures.keys() == expected.keys()
    for key, tally in expected.items():
        line = story.figures[key]
        assert (
            line.task_count,
            line.success_count,
            line.failure_count,
            line.unknown_count,
            line.unpriced_count,
            line.zero_count,
            line.known_cost_usd or Decimal(0),
            line.cost_per_success_usd,
        ) == (
            tally.tasks,
            tally.solved,
            tally.failed,
            tally.unknown,
            tally.unpriced,
            tally.zero,
            tally.cost,
            tally.cost_per_success,
        ), key
        assert (line.scaled_usd is None) == (tally.scaled is None)
        assert abs((line.scaled_usd or 0) - (tally.scaled or 0)) <= 2 * PICODOLLAR


def test_what_nobody_stated_is_no_figure(story: Story) -> None:
    """Unmetered agents and one whose cost was never written down: not free, not known."""
    without = {key: line for key, line in story.figures.items() if not line.cost_per_success_usd}
    assert {key[1:]: line.known_cost_usd for key, line in without.items()} == {
        ("acp-codex", "gpt-5.4"): Decimal(0),
        ("acp-codex", "gpt-5.5"): Decimal(0),
        ("tau-agent", "gpt-4o"): None,
    }
    for line in without.values():
        assert (line.cost_per_success_usd, line.scaled_usd, line.low_usd) == (None, None, None)


def test_the_figure_says_in_which_way_it_is_off(story: Story, expected: dict[Key, Tally]) -> None:
    for key, tally in expected.items():
        missing = (tally.unpriced + tally.zero > 0, tally.unknown > 0)
        assert story.figures[key].bound.strip() == {
            (False, False): "", (True, False): "≥", (False, True): "≤", (True, True): "≈",
        }[missing]  # fmt: skip


def test_an_unknown_cost_is_null_and_an_unknown_outcome_is_no_success(story: Story) -> None:
    found = query(
        story.data,
        "select outcome_status, is_success, is_mature, count(*), count(billed_cost_usd),"
        " sum(unpriced_call_count) from marts.fct_tasks where tenant_id = 'openhands-index'"
        " group by all order by 1",
    )
    statuses = {status: tuple(rest) for status, *rest in found}
    assert {status: rest[:3] for status, rest in statuses.items()} == {
        "expired": (False, True, 477),
        "failure": (False, True, 17_591),
        "success": (True, True, 33_383),
    }
    assert sum(rest[2] - rest[3] for rest in statuses.values()) == 578
    assert sum(rest[4] for rest in statuses.values()) == 578


def test_the_days_of_the_marts_say_the_same_of_each_agent(
    story: Story, expected: dict[Key, Tally]
) -> None:
    agents: dict[str, Tally] = {}
    for (_, agent, _), tally in expected.items():
        sums = agents.setdefault(agent, Tally())
        for name, amount in vars(tally).items():
            setattr(sums, name, getattr(sums, name) + amount)
    rows = query(
        story.data,
        "select feature, task_count, success_count, failure_count, expired_count,"
        " unpriced_call_count, coalesce(billed_cost_usd, 0), cost_per_success_usd, is_suppressed"
        " from marts.fct_task_costs_daily where task_count > 0",
    )
    assert {agent: tuple(rest) for agent, *rest in rows} == {
        agent: (
            tally.tasks,
            tally.solved,
            tally.failed,
            tally.unknown,
            tally.unpriced,
            tally.cost,
            # stated zeros are believed there; the interval of nothing is suppressed
            Decimal(0) if agent == "acp-codex" else tally.cost_per_success,
            agent in {"acp-codex", "tau-agent"},
        )
        for agent, tally in agents.items()
    }


def test_the_interval_is_that_of_the_marts(story: Story) -> None:
    [line] = [line for line in story.figures.values() if line.agent == "claude-code"]
    [ends] = query(
        story.data,
        "select cost_per_success_low_usd, cost_per_success_high_usd"
        " from marts.fct_task_costs_daily where feature = 'claude-code'",
    )
    assert ends == (line.low_usd, line.high_usd)
    assert line.low_usd and line.high_usd and line.cost_per_success_usd
    assert line.low_usd < line.cost_per_success_usd < line.high_usd


def test_the_simulated_users_cost_is_beside_the_tasks_and_all_is_the_ledger(
    story: Story, expected: dict[Key, Tally], users: list[str]
) -> None:
    cost = sum(whole(Decimal(user)) for user in users if user)
    found = beside(story.data)
    assert found == [Beside("tau-bench", "tau-user-simulator", 200, 5, cost)]
    [(ledger,)] = query(story.data, "select sum(billed_cost_usd) from marts.fct_calls")
    assert ledger == sum(tally.cost for tally in expected.values()) + cost
    assert "tau-user-simulator, 200 calls, 5 of them unpriced" in notes(found)


def test_the_table_shows_no_free_success(story: Story) -> None:
    lines = table(list(story.figures.values())).splitlines()
    assert len(lines) == 2 + 45
    [codex] = [line for line in lines if "acp-codex | gpt-5.5" in line]
    assert codex.endswith("| 0 | 1,182 | 0.00 | not known |  | not known |")
    [vexp] = [line for line in lines if "claude-code" in line]
    assert "| 0 | 0 | 67.21 | 0.92 |" in vexp
