"""Three public result sets as call logs and product events.

Data flow: shared/data/{openhands_index,vexp_swe_bench,tau_bench} -> calls.ndjson, events.ndjson

A task is one call that states what the task cost, and one event that says whether it was solved.
What a source does not say is left out: no cost (the call is unpriced), no outcome (no event).
The agent is the feature, the benchmark the workflow, the source the tenant.

The index and tau-bench have no times. Their outcomes are said when the index was published and
their calls a window (7 days) before, so that an unknown outcome is no longer waited for.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "data"
INDEX = "openhands_index/instance_results_v2_3015ac6.csv"
VEXP = "vexp_swe_bench/swebench-2026-03-22.jsonl"
TAU = "tau_bench/trials.csv"
FILES = (INDEX, VEXP, TAU)
SAID_AT = dt.datetime(2026, 6, 30, tzinfo=dt.UTC)
CALLED_AT = SAID_AT - dt.timedelta(hours=168)
EVENTS = {True: "task_succeeded", False: "task_failed"}


@dataclass(frozen=True)
class Task:
    """One call, and what became of its task.

    Attributes:
        task_id: source, run and instance.
        cost: what the source says it cost, its own digits; None where it does not say.
        is_solved: None where the source does not say.
        usage: token counts in the provider's words; None where the source has none.
        has_task: whether the call works for the task, or only stands beside it.
    """

    task_id: str
    source: str
    agent: str
    provider: str
    model: str
    benchmark: str
    cost: str | None
    is_solved: bool | None
    usage: dict[str, int] | None = None
    has_task: bool = True
    called_at: dt.datetime = CALLED_AT
    said_at: dt.datetime = SAID_AT


def tasks(folder: Path = FOLDER) -> Iterator[Task]:
    """All of them, source by source."""
    yield from _openhands(folder / INDEX)
    yield from _vexp(folder / VEXP)
    yield from _tau(folder / TAU)


def write(found: Iterator[Task], calls: Path, events: Path) -> None:
    """The tasks as a call log and as product events."""
    with calls.open("w", encoding="utf-8") as log, events.open("w", encoding="utf-8") as said:
        for task in found:
            log.write(json.dumps(_call(task)) + "\n")
            if task.is_solved is not None:
                said.write(json.dumps(_event(task)) + "\n")


def _openhands(file: Path) -> Iterator[Task]:
    for row in _rows(file):
        keys = ("collection", "agent_dir", "model_dir", "benchmark", "instance_id")
        yield Task(
            task_id="/".join(("openhands-index", *(row[key] or "openhands" for key in keys))),
            source="openhands-index",
            agent=row["agent_dir"] or "openhands",  # the standard agent has no folder of its own
            provider="openhands-proxy",
            model=row["model_dir"].lower(),
            benchmark=row["benchmark"],
            cost=row["cost_usd"] or None,
            is_solved={"True": True, "False": False}.get(row["resolved"]),
        )


def _vexp(file: Path) -> Iterator[Task]:
    for line in file.read_text(encoding="utf-8").splitlines():
        row = json.loads(line, parse_float=Decimal)
        started = dt.datetime.fromisoformat(row["timestamp"])
        yield Task(
            task_id=f"vexp-swe-bench/{row['instanceId']}",
            source="vexp-swe-bench",
            agent=row["agent"],
            provider="anthropic",
            model=row["model"],
            benchmark="swe-bench",
            cost=str(row["costUsd"]),
            is_solved=row["resolved"],
            usage={
                "input_tokens": row["inputTokens"],
                "cache_read_input_tokens": row["cacheReadTokens"],
                "cache_creation_input_tokens": row["cacheCreationTokens"],
                "output_tokens": row["outputTokens"],
            },
            called_at=started,
            said_at=started + dt.timedelta(milliseconds=row["durationMs"]),
        )


def _tau(file: Path) -> Iterator[Task]:
    """The agent, whose cost nobody wrote down, and beside it the user it was tested with."""
    for row in _rows(file):
        trial = f"tau-bench/{row['run']}/{row['task_id']}/{row['trial']}"
        yield Task(
            task_id=trial,
            source="tau-bench",
            agent="tau-agent",
            provider="openai",
            model=row["agent_model"],
            benchmark=row["domain"],
            cost=None,
            is_solved=Decimal(row["reward"]) == 1,
        )
        yield Task(
            task_id=f"{trial}/user",
            source="tau-bench",
            agent="tau-user-simulator",
            provider="tau-bench",
            model="user-simulator",  # which model played the user is not said; a call needs one
            benchmark=row["domain"],
            cost=row["user_simulator_cost_usd"] or None,
            is_solved=None,
            has_task=False,
        )


def _call(task: Task) -> dict[str, object]:
    call: dict[str, object] = {
        "timestamp": task.called_at.isoformat(),
        "event_id": task.task_id,
        "provider": task.provider,
        "model": task.model,
        "agent_id": task.agent,
        "feature": task.agent,
        "tenant_id": task.source,
        "workflow_id": task.benchmark,
    }
    if task.usage:
        call["usage"] = task.usage
    else:
        call["usage_status"] = "missing"
    if task.has_task:
        call["task_id"] = task.task_id
    if task.cost is not None:
        call["provider_cost_usd"] = task.cost
    return call


def _event(task: Task) -> dict[str, object]:
    assert task.is_solved is not None
    return {
        "event_id": f"{task.task_id}/outcome",
        "event_name": EVENTS[task.is_solved],
        "occurred_at": task.said_at.isoformat(),
        "task_id": task.task_id,
    }


def _rows(file: Path) -> Iterator[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)
