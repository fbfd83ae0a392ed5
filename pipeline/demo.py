"""The demo: simulate a company, its bills and outcomes, land, build, check all of it against truth.

    simulate -> ingest calls … langfuse, openai-usage … invoices, product-events, changes
             -> build -> reports
             -> compare, summarise -> close the last month that is over, verify the close

Every stage but the first is the command a user would run, in a process of its own. Running the
demo again changes nothing: the same logs are written, landing knows every file.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console

from pipeline.demo_bills import Bridges, compare_bills, found_causes
from pipeline.demo_bridge import show_bridge, show_planted
from pipeline.demo_check import Check
from pipeline.demo_incidents import show_incidents
from pipeline.demo_outcomes import compare_outcomes
from pipeline.demo_summary import show_checks, show_landing, show_spend
from pipeline.demo_truth import compare
from pipeline.demo_worth import show_worth
from pipeline.settings import PROJECT, WAREHOUSE_NAME
from pipeline.simulate.company import VERSION
from pipeline.simulate.outcomes.run import SOURCES as OUTCOMES
from pipeline.simulate.providers.bill import SOURCES as BILLS
from pipeline.simulate.run import DEFAULT_END, SOURCES, simulate

_DEMO_HASH_KEY = "demo"  # user ids of a made-up company; a real one sets its own


class DemoError(Exception):
    """A stage did not end well.

    Attributes:
        exit_code: 1 a stage failed; 2 this data folder cannot be used.
    """

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass
class _Stages:
    """Runs the stages and keeps their times."""

    data: Path
    logs: Path
    console: Console
    seconds: dict[str, float] = field(default_factory=dict)

    def run(self, name: str, *arguments: str) -> str:
        """Run one command of the project; its output if it succeeds."""
        environment = os.environ | {
            "TOKENHOUSE_DATA": str(self.data),
            "TOKENHOUSE_SEEDS": str(self.logs / "seeds"),
        }
        environment.setdefault("TOKENHOUSE_HASH_KEY", _DEMO_HASH_KEY)
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=PROJECT, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        self.note(name, time.monotonic() - started)
        if done.returncode:
            tail = (done.stdout + done.stderr)[-4000:]
            raise DemoError(f"{' '.join(arguments)} ended with {done.returncode}:\n{tail}")
        return done.stdout

    def note(self, name: str, seconds: float) -> None:
        """Keep and show a stage's time."""
        self.seconds[name] = seconds
        self.console.print(f"  {name:<18} {seconds:6.1f} s", highlight=False)


def demo(
    data: Path,
    *,
    days: int = 90,
    seed: int = 7,
    calls: int = 1_000_000,
    end: str = DEFAULT_END,
    console: Console | None = None,
) -> int:
    """Run the demo in a data folder and print what was found.

    The simulated logs, their truth and the mapping rules go to ``<data>/demo``; the lake, the
    warehouse and the reports are where they always are.

    Args:
        data: the data folder (``TOKENHOUSE_DATA``); a lake in it must be this demo's own.
        days: length of the simulated period.
        seed: seed of the company.
        calls: about how many call attempts.
        end: last simulated day.
        console: where to print; the terminal if not given.

    Returns:
        0 when everything equals the truth; 1 when something differs or a stage failed; 2 when
        the data folder holds other data.
    """
    console = console or Console(width=max(106, Console().width))
    data = data.resolve()
    stages = _Stages(data, data / "demo", console)
    made_by = {"version": VERSION, "seed": seed, "days": days, "calls": calls, "end": end}
    try:
        truth = _simulated(stages, made_by)
        _landed(stages)
        stages.run("build and test", "pipeline", "build")
        stages.run("reports", "publish", "reports")
    except DemoError as error:
        console.print(f"[red]demo stopped:[/red] {error}", highlight=False)
        return error.exit_code
    checks = compare(truth, data / WAREHOUSE_NAME, data / "quarantine")
    checks += compare_bills(truth, data / WAREHOUSE_NAME)
    checks += compare_outcomes(truth, data / WAREHOUSE_NAME)
    _summary(console, stages, truth, checks)
    try:
        _closed(stages, truth)
    except DemoError as error:
        console.print(f"[red]the month was not closed:[/red] {error}", highlight=False)
        return error.exit_code
    console.print(f"\n{sum(stages.seconds.values()):.0f} s in all.", highlight=False)
    return 0 if all(check.holds for check in checks) else 1


def _simulated(stages: _Stages, made_by: dict[str, Any]) -> dict[str, Any]:
    """The truth of the simulated logs; they are only made where they are not there yet."""
    truth_file = stages.logs / "truth.json"
    truth: dict[str, Any] = orjson.loads(truth_file.read_bytes()) if truth_file.exists() else {}
    if truth.get("made_by") == made_by and _is_whole(stages.logs, truth):
        stages.note("simulate (kept)", 0.0)
        return truth
    if (stages.data / "raw" / "landings").exists() and truth.get("made_by") != made_by:
        raise DemoError(
            f"{stages.data} holds other data already, and the demo would mix with it. "
            "Set TOKENHOUSE_DATA to an empty folder, or delete that one.",
            exit_code=2,
        )
    stages.console.print("simulating …", highlight=False)
    started = time.monotonic()
    settings = {name: made_by[name] for name in ("days", "seed", "calls", "end")}
    try:
        truth = simulate(stages.logs, **settings)
    except ValueError as error:
        raise DemoError(str(error), exit_code=2) from error
    stages.note("simulate", time.monotonic() - started)
    return truth


def _is_whole(logs: Path, truth: dict[str, Any]) -> bool:
    return all((logs / name).is_file() for name in truth["files"]) and (logs / "seeds").is_dir()


def _landed(stages: _Stages) -> None:
    for source in (*SOURCES, *BILLS, *OUTCOMES):
        if not (stages.logs / source).is_dir():
            continue
        stages.run(f"land {source}", "ingest", source, str(stages.logs / source), "--json")


def _summary(console: Console, stages: _Stages, truth: dict[str, Any], checks: list[Check]) -> None:
    warehouse = stages.data / WAREHOUSE_NAME
    show_landing(console, warehouse)
    _show_bills(console, warehouse, truth)
    show_checks(console, checks)
    show_spend(console, warehouse, yesterday=truth["made_by"]["end"])
    show_worth(console, warehouse)
    show_incidents(console, warehouse, truth)
    console.print("\n[bold]Where things are[/bold]")
    for what, where in (
        ("simulated files, truth", stages.logs),
        ("lake", stages.data / "raw"),
        ("refused rows", stages.data / "quarantine"),
        ("warehouse", warehouse),
        ("reports", stages.data / "reports"),
        ("closed months", stages.data / "closes"),
    ):
        console.print(f"  {what:<22} {where}", highlight=False, soft_wrap=True)


def _show_bills(console: Console, warehouse: Path, truth: dict[str, Any]) -> None:
    month = _last_month(truth)
    if month:
        show_bridge(console, warehouse, month)
        show_planted(console, found_causes(truth, Bridges.read(warehouse)), month)


def _closed(stages: _Stages, truth: dict[str, Any]) -> None:
    """Close the last month that is over, and prove that the close holds."""
    month = _last_month(truth)
    if not month:
        return
    stages.console.print()
    stages.run("close", "publish", "close", "--month", month, "--reason", "demo")
    said = stages.run("verify the close", "publish", "verify", "--month", month)
    stages.console.print(f"\n{said.strip()}", highlight=False, soft_wrap=True)


def _last_month(truth: dict[str, Any]) -> str:
    """The last month with invoices; empty where the period has none."""
    return max((month["billing_month"] for month in truth["providers"]["months"]), default="")
