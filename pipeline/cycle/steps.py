"""The steps of a cycle, each a process: what it runs, and the line that tells of it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from glob import has_magic
from pathlib import Path

from ingest.errors import InputError
from ingest.inputs import find_files
from pipeline.cycle.config import Source
from pipeline.cycle.memory import Memory, Seen

FILES_AT_ONCE = 200
SHOWN_LINES = 5
COUNTS = ("read", "landed", "duplicate", "quarantined")


@dataclass
class Step:
    """What became of a step.

    Attributes:
        name: what was done.
        said: the result in a few words.
        problems: what went wrong, one line each.
        seconds: wall time.
    """

    name: str
    said: str = ""
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def line(self) -> str:
        """The line to print, and what went wrong below it."""
        state = self.said or ("failed" if self.problems else "done")
        lines = [f"{self.name:<24} {state}  {self.seconds:.1f} s"]
        return "\n".join(lines + [f"  {problem}" for problem in self.problems])


@dataclass(frozen=True)
class Ran:
    """A process that has ended."""

    code: int
    out: str
    err: str

    @property
    def problem(self) -> str:
        """Its last words."""
        lines = [line for line in (self.err or self.out).splitlines() if line.strip()]
        return " | ".join(lines[-SHOWN_LINES:]) or f"ended with {self.code}"


def run_module(arguments: Sequence[str], minutes: float | None = None) -> Ran:
    """Runs ``python -m …`` to its end, or stops it."""
    command = [sys.executable, "-m", *arguments]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=None if minutes is None else minutes * 60,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Ran(1, "", f"stopped: it took longer than {minutes:g} minutes")
    return Ran(done.returncode, done.stdout, done.stderr)


def timed(name: str, work: Callable[[Step], None]) -> Step:
    """Does a step; whatever it raises is its problem and nobody else's."""
    step = Step(name)
    begun = time.monotonic()
    try:
        work(step)
    except Exception as error:
        step.problems.append(f"{type(error).__name__}: {error}")
    step.seconds = time.monotonic() - begun
    return step


def command_step(step: Step, arguments: Sequence[str]) -> Ran:
    """A step that is one command; its last line says what it did."""
    ran = run_module(arguments)
    if ran.code:
        step.problems.append(ran.problem)
        return ran
    lines = [line for line in ran.out.splitlines() if line.strip()]
    step.said = lines[0] if lines else "done"
    return ran


def ingest_pull(step: Step, source: Source, memory: Memory, now: float) -> None:
    """Asks an API, unless it was asked a short while ago."""
    key = " ".join((source.name, *source.options))
    wait = memory.asked_at(key) + source.every_minutes * 60 - now
    if wait > 0:
        step.said = f"asked again in {wait / 60:.0f} min"
        return
    ran = run_module(
        ["ingest", source.name, "--pull", "--json", *source.options], source.timeout_minutes
    )
    if ran.code:
        step.problems.append(ran.problem)
        return
    memory.remember_pull(key, now)
    step.said = _counted(_results(ran))


def ingest_files(step: Step, source: Source, memory: Memory) -> None:
    """Lands files never met or changed since; those that fail, one by one."""
    key = " ".join((source.name, *source.options))
    new, failed = memory.news(key, _files(source))
    results: list[dict[str, int]] = []
    landed = 0
    for start in range(0, len(new), FILES_AT_ONCE):
        batch = new[start : start + FILES_AT_ONCE]
        ran = _land(source, batch)
        if ran.code and len(batch) > 1:
            failed += batch
            continue
        memory.remember(key, batch, has_landed=not ran.code)
        if ran.code:
            step.problems.append(ran.problem)
            continue
        results += _results(ran)
        landed += len(batch)
    for file in failed:
        ran = _land(source, [file])
        memory.remember(key, [file], has_landed=not ran.code)
        if ran.code:
            step.problems.append(ran.problem)
        else:
            results += _results(ran)
            landed += 1
    step.said = _counted(results) if landed else "nothing new"
    if step.problems:
        step.said = f"{len(step.problems)} files failed; {step.said}"


def _land(source: Source, files: Sequence[Seen]) -> Ran:
    paths = [file.path for file in files]
    return run_module(
        ["ingest", source.name, *paths, "--json", *source.options], source.timeout_minutes
    )


def _files(source: Source) -> list[Seen]:
    """The files below the source's paths; a folder or pattern may be empty today.

    Raises:
        InputError: a path that names nothing, or a file of an unknown kind.
    """
    found: dict[Path, None] = {}
    for given in source.paths:
        try:
            found |= dict.fromkeys(file.path for file in find_files([given]))
        except InputError as error:
            may_be_empty = has_magic(given) or Path(given).is_dir()
            if not (may_be_empty and error.problem == "no such file or folder"):
                raise
    return [Seen.of(path) for path in found]


def _results(ran: Ran) -> list[dict[str, int]]:
    try:
        rows = json.loads(ran.out)["files"]
    except (ValueError, KeyError, TypeError):
        return []
    return [{name: int(row.get(f"rows_{name}") or 0) for name in COUNTS} for row in rows]


def _counted(results: Sequence[dict[str, int]]) -> str:
    sums = {name: sum(result[name] for result in results) for name in COUNTS}
    files = f"{len(results):,} file{'s' if len(results) != 1 else ''}"
    return f"{files}: " + ", ".join(f"{count:,} {name}" for name, count in sums.items())
