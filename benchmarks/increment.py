"""One new day on 90 days of history, against the full refresh of that history."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from benchmarks.bench import Bench, Engine
from benchmarks.figures import Figure
from benchmarks.measure import ProgramFailed, Run, run
from benchmarks.refresh import DAYS, MODELS, build, engine_ratio, full_refresh, refresh

TARGET = 1 / 15
LARGER = 5
# "no dearer with 50 million calls of history": what differs must stay within the noise
SAME = 1.15


def increment(bench: Bench) -> list[Figure]:
    """Lands a day after the 90 and builds it; with ``--large`` on five times the history too."""
    day = bench.lake_rows // DAYS
    if bench.full is None:
        refresh(bench)
    assert bench.full is not None
    one_day = _one_day(bench, bench.lake(day, DAYS), day, bench.lake_rows)
    figures = [
        engine_ratio(
            f"a day on {bench.lake_rows:,} calls (vs full)", one_day, bench.full.seconds, TARGET
        )
    ]
    if bench.large:
        many = bench.lake_rows * LARGER
        history = bench.lake(day * LARGER, DAYS)
        bench.say(f"full refresh of {many:,} calls")
        full_refresh(bench, history)
        same_day = _one_day(bench, history, day, many)
        figures.append(
            engine_ratio(
                f"a day on {many:,} calls (vs {bench.lake_rows:,})", same_day, one_day.seconds, SAME
            )
        )
    return figures


def _one_day(bench: Bench, data: Path, rows: int, history: int) -> Engine:
    """Builds a new day of so many rows on the history, over and over from the same state."""
    nothing = bench.lake(1, 1)
    idle_data = _with_next_day(bench, nothing, 1, first=1)
    next_data = _with_next_day(bench, data, rows, first=DAYS)
    idle, runs = [], []
    for number in range(1, bench.repeats + 1):
        bench.say(f"a day of {rows:,} calls on {history:,}, {number} of {bench.repeats}")
        idle.append(_build_increment(nothing, idle_data))
        runs.append(bench.measured("increment", _build_increment(data, next_data)))
    return Engine.of(runs, idle)


def _with_next_day(bench: Bench, data: Path, rows: int, *, first: int) -> Path:
    """A copy of a data folder, its files linked, with one more day landed."""
    copy = bench.empty(f"{data.name}-next")
    shutil.copytree(data / "raw", copy / "raw", copy_function=os.link)
    run("benchmarks.inputs", "lake", copy / "raw", rows, first, 1)
    return copy


def _build_increment(built: Path, data: Path) -> Run:
    """One incremental build from the state of the built folder.

    Raises:
        ProgramFailed: the build was no increment, so the project changed meanwhile.
    """
    shutil.copyfile(built / "warehouse.duckdb", data / "warehouse.duckdb")
    result = build(data, *MODELS)
    if "full refresh" in result.output:
        raise ProgramFailed("models or seeds changed while they were measured: run it again")
    return result
