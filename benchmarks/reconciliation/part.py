"""Reconciliation: what is recovered of 200 companies, and a large month against one query."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.bench import Bench, Engine
from benchmarks.figures import Figure, ratio
from benchmarks.measure import Run, middle, run
from benchmarks.refresh import PRICES, build, engine_ratio

TARGET = 2.0
COMPANIES = 200
SEPTEMBER = 22  # day number of 2026-09-01 in the made-up lake
VERDICTS = 0.95
MODELS = (
    "--select",
    "resource_type:seed",
    "--select",
    "+fct_invoice_reconciliation_monthly,resource_type:model",
    "--select",
    "+fct_invoice_bridge_monthly,resource_type:model",
)


def reconciliation(bench: Bench) -> list[Figure]:
    """Scores companies with planted causes and times a month of calls."""
    return [*recovered(bench), large_month(bench)]


def recovered(bench: Bench) -> list[Figure]:
    """How much of what was planted does not come out: none of it may."""
    bench.say(f"{COMPANIES} companies with planted causes")
    done = run(
        "benchmarks.reconciliation",
        "recover",
        bench.empty("companies"),
        "--count",
        COMPANIES,
    )
    found = json.loads(done.output.splitlines()[-1])
    return [
        _share("bridges exact", found["exact"], found["invoices"], 1.0, done),
        _share("causes recovered", found["recovered"], found["planted"], 1.0, done),
        _share("verdicts right", found["verdicts"], found["lines"], VERDICTS, done),
    ]


def large_month(bench: Bench) -> Figure:
    """A month's reconciliation, from calls to verdicts, against one hand-written query."""
    rows = bench.lake_rows // 30
    nothing = _month(bench, 1)
    data = _month(bench, rows)
    starts, ours, references = [], [], []
    for number in range(1, bench.repeats + 1):
        turn = f"{number} of {bench.repeats}"
        bench.say(f"reconciling next to nothing, {turn}")
        starts.append(build(nothing, "--full-refresh", *MODELS))
        bench.say(f"hand-written reconciliation of {bench.lake_rows:,} calls, {turn}")
        out = bench.folder / "reconciled-by-hand.duckdb"
        references.append(run("benchmarks.references", "reconcile", data / "raw", PRICES, out))
        bench.say(f"reconciling {bench.lake_rows:,} calls, {turn}")
        ours.append(build(data, "--full-refresh", *MODELS))
    return engine_ratio(
        f"reconciliation of a month of {bench.lake_rows:,} calls",
        Engine.of(ours, starts),
        middle(references).cpu_seconds,
        TARGET,
    )


def _month(bench: Bench, rows_a_day: int) -> Path:
    def make(path: Path) -> None:
        bench.say(f"landing a month of {rows_a_day:,} calls a day")
        run("benchmarks.inputs", "lake", path / "raw", rows_a_day, SEPTEMBER, 30)
        run("benchmarks.reconciliation", "bills", path)

    return bench.made_once(f"month-{rows_a_day}", make)


def _share(name: str, found: int, planted: int, target: float, done: Run) -> Figure:
    """A share that may not be less than the target, as what is missing of it."""
    missing = ratio(name, float(planted - found), float(planted), target=None, peak_mib=0)
    return Figure(
        f"{name}: {found:,} of {planted:,}; missing",
        missing.value,
        "x",
        1 - target,
        done.peak_mib,
    )
