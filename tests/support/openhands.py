"""The real pair of the OpenHands index: estimates per task, twice, and what was published later.

Nothing here is made up but the days, which the index does not have: task n of a version is a call
on day n % 31 of May 2026. A task's agent setup and benchmark are one billing account, so that a
model on its invoice is one published cell: agent, benchmark and model.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "openhands_index"
V1 = FOLDER / "instance_results_v1_ea5dde2.csv"
V2 = FOLDER / "instance_results_v2_3015ac6.csv"
SCORES = FOLDER / "scores_head.csv"
GATEWAY = "openhands-proxy"
MONTH = "2026-05"
PICODOLLAR = Decimal("0.000000000001")
CENT = Decimal("0.01")
BY_MODEL_ONLY = "openhands_subagents"
"""The agent whose invoices name models and no meter, as most gateways' do."""


@dataclass(frozen=True, order=True)
class Cell:
    """What one cost is published for."""

    agent: str
    benchmark: str
    model: str

    @property
    def account(self) -> str:
        """The billing account the cell is a line of."""
        return f"{self.agent}/{self.benchmark}"


@dataclass(frozen=True)
class Task:
    """One task of one version; no cost is not a cost of nothing."""

    event_id: str
    cell: Cell
    cost: Decimal | None
    resolved: str

    @property
    def landed_cost(self) -> Decimal | None:
        """The cost in whole picodollars, which is all the lake keeps."""
        return None if self.cost is None else self.cost.quantize(PICODOLLAR, ROUND_HALF_UP)


def tasks(file: Path) -> list[Task]:
    """The tasks of a version, in the order of the file."""
    return [
        Task(
            event_id="/".join(
                row[name]
                for name in ("collection", "agent_dir", "model_dir", "benchmark", "instance_id")
            ),
            cell=cell_of(row),
            cost=Decimal(row["cost_usd"]) if row["cost_usd"] else None,
            resolved=row["resolved"],
        )
        for row in _rows(file)
    ]


def published() -> dict[Cell, Decimal]:
    """Published cost per task of every cell, in dollars."""
    return {cell_of(row): Decimal(row["cost_per_instance_usd"]) for row in _rows(SCORES)}


def cell_of(row: dict[str, str]) -> Cell:
    """The cell of a row; the standard agent has no name of its own in the index."""
    return Cell(row["agent_dir"] or "openhands", row["benchmark"], row["model_dir"].lower())


def write_log(file: Path, version: list[Task], observed_at: str) -> Path:
    """A version as a call log of the gateway that states each call's cost."""
    with file.open("w", encoding="utf-8") as out:
        for number, task in enumerate(version):
            day = number % 31 + 1
            call: dict[str, object] = {
                "timestamp": f"{MONTH}-{day:02d}T12:00:00Z",
                "observed_at": observed_at,
                "event_id": task.event_id,
                "provider": GATEWAY,
                "model": task.cell.model,
                "agent_id": task.cell.agent,
                "project_id": task.cell.account,
                "feature": task.cell.benchmark,
                "usage_status": "missing",
            }
            if task.cost is not None:
                call["provider_cost_usd"] = str(task.cost)
            out.write(json.dumps(call) + "\n")
    return file


def write_invoices(file: Path, version: list[Task]) -> Path:
    """One invoice per account: cost per task × tasks, to the cent, one line a model.

    Lines name the meter too (costs stated by call), but for those of one agent.
    """
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(
            ["invoice_id", "issuer", "billing_account_id", "billing_month", "issued_on",
             "line_number", "line_category", "project_id", "model", "meter", "amount", "currency",
             "booked_rate", "functional_currency", "invoice_total"]
        )  # fmt: skip
        billed = invoiced(version)
        for account, lines in by_account(billed).items():
            total = sum(lines.values(), Decimal(0))
            meter = "" if account.startswith(BY_MODEL_ONLY) else "provider_reported"
            for number, (cell, amount) in enumerate(lines.items(), start=1):
                writer.writerow(
                    [f"INV-{account}", GATEWAY, account, MONTH, "2026-06-02", number, "usage",
                     account, cell.model, meter, amount, "USD", 1, "USD", total]
                )  # fmt: skip
    return file


def invoiced(version: list[Task]) -> dict[Cell, Decimal]:
    """What each cell is invoiced: published cost per task × its tasks, to the cent."""
    counts: dict[Cell, int] = defaultdict(int)
    for task in version:
        counts[task.cell] += 1
    return {
        cell: (cost * counts[cell]).quantize(CENT, ROUND_HALF_UP)
        for cell, cost in sorted(published().items())
    }


def estimated(version: list[Task]) -> dict[Cell, Decimal]:
    """The sum of what the tasks of each cell say, as the lake keeps it."""
    sums: dict[Cell, Decimal] = defaultdict(Decimal)
    for task in version:
        sums[task.cell] += task.landed_cost or 0
    return dict(sums)


def by_account(amounts: dict[Cell, Decimal]) -> dict[str, dict[Cell, Decimal]]:
    """Amounts of cells under their billing accounts."""
    found: dict[str, dict[Cell, Decimal]] = defaultdict(dict)
    for cell, amount in sorted(amounts.items()):
        found[cell.account][cell] = amount
    return dict(found)


def _rows(file: Path) -> Iterator[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)
