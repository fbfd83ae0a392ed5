"""Runs a cycle.

Data flow: sources of run.toml -> data/raw -> data/warehouse.duckdb -> data/reports, data/budgets,
alerts. Safe every five minutes: a cycle that finds another one running does nothing.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import importlib.util
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from pipeline.cycle.config import Source, config_file, read_sources
from pipeline.cycle.memory import Memory
from pipeline.cycle.steps import Step, command_step, ingest_files, ingest_pull, timed
from pipeline.lake_views import lake_id
from pipeline.settings import Settings

PUBLISHED = (("reports", "publish.reports"), ("budget-feed", "publish.budget_feed"))


class OverlapError(Exception):
    """Another cycle is running."""


def run_cycle(settings: Settings, tell: Callable[[str], None] = print) -> bool:
    """Runs every step; returns whether all went well.

    Raises:
        UsageError: the configuration cannot be used.
        OverlapError: another cycle is running.
    """
    file = config_file(settings.data)
    sources = read_sources(file)
    with _alone(settings.data / ".run" / "lock"):
        begun = time.monotonic()
        steps: list[Step] = []

        def done(step: Step) -> None:
            steps.append(step)
            tell(step.line)

        if not sources:
            tell(f"{'ingest':<24} no sources in {file}  0.0 s")
        _ingest(settings, sources, done)
        before = _version(settings.warehouse)
        done(timed("build", lambda step: _expect_command(step, "pipeline", "build")))
        is_new = _version(settings.warehouse) != before
        for name, module in PUBLISHED:
            if importlib.util.find_spec(module) is None:
                continue
            if is_new or not (settings.data / ".run" / name).exists():
                done(timed(name, partial(_publish, settings.data / ".run" / name, name)))
        done(timed("alerts", _alerts))
        failed = [step.name for step in steps if step.problems]
        result = f"failed: {', '.join(failed)}" if failed else "all well"
        tell(f"{'cycle':<24} {result}  {time.monotonic() - begun:.1f} s")
    return not failed


def _ingest(settings: Settings, sources: list[Source], done: Callable[[Step], None]) -> None:
    if not sources:
        return
    memory = Memory(settings.data / ".run" / "memory.sqlite", lake_id(settings.raw))
    try:
        for source in sources:
            if source.is_pulled:
                work = partial(ingest_pull, source=source, memory=memory, now=time.time())
            else:
                work = partial(ingest_files, source=source, memory=memory)
            done(timed(f"ingest {source.name}", work))
    finally:
        memory.close(lake_id(settings.raw))


def _expect_command(step: Step, *arguments: str) -> None:
    command_step(step, arguments)


def _publish(mark: Path, name: str, step: Step) -> None:
    """Publishes; the mark says that it has, so that a failure is made good by the next cycle."""
    mark.unlink(missing_ok=True)
    if command_step(step, ["publish", name]).code == 0:
        mark.touch()
        step.said = "done"


def _alerts(step: Step) -> None:
    """Delivers; what it prints may be the alerts themselves, so it is passed on as it comes."""
    sys.stdout.flush()
    done = subprocess.run([sys.executable, "-m", "publish", "alerts"], check=False)
    if done.returncode == 1:
        step.problems.append("something is undelivered; it is tried again by the next cycle")
    elif done.returncode:
        step.problems.append(f"ended with {done.returncode}")


def _version(file: Path) -> tuple[int, int] | None:
    """Changes when the warehouse is replaced."""
    if not file.exists():
        return None
    stat = file.stat()
    return stat.st_ino, stat.st_mtime_ns


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a+", encoding="utf-8") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            held.seek(0)
            since = held.read().strip() or "a moment ago"
            raise OverlapError(f"another cycle is running since {since}; nothing to do") from error
        held.truncate(0)
        held.write(f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M:%S} UTC")
        held.flush()
        yield
