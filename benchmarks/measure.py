"""CPU seconds and peak memory of a program, each run in a process of its own.

The kernel counts both for the process and its children, so the programs need no help. A new
process begins with its parent's peak as its own: the process that measures therefore stays small
and leaves making inputs and reading results to others.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryFile

PROJECT = Path(__file__).resolve().parents[1]


class ProgramFailed(Exception):
    """A measured program ended with an error, or its result is wrong."""


@dataclass(frozen=True)
class Run:
    """What one run took.

    Attributes:
        cpu_seconds: user and system time, children included.
        wall_seconds: time on the clock; depends on what else the machine does.
        peak_mib: largest resident memory of any of its processes.
        output: what it printed.
    """

    cpu_seconds: float
    wall_seconds: float
    peak_mib: float
    output: str


def run(module: str, *arguments: object, env: Mapping[str, object] | None = None) -> Run:
    """Runs ``python -m <module>`` to its end.

    Args:
        module: the program.
        arguments: its arguments.
        env: variables to set for it.

    Raises:
        ProgramFailed: it ended with an error.
    """
    command = [sys.executable, "-m", module, *map(str, arguments)]
    values = {name: str(value) for name, value in (env or {}).items()}
    with TemporaryFile("w+") as printed:
        started = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env={**os.environ, **values},
            stdout=printed,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - started
        printed.seek(0)
        output = printed.read()
    if process.returncode:
        raise ProgramFailed(f"{module} {' '.join(command[3:])}\n{output[-3000:]}")
    return Run(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024, output)


def middle(runs: Sequence[Run]) -> Run:
    """Median CPU and wall time of the runs; the largest memory; the last output."""
    return Run(
        median(item.cpu_seconds for item in runs),
        median(item.wall_seconds for item in runs),
        max(item.peak_mib for item in runs),
        runs[-1].output,
    )
