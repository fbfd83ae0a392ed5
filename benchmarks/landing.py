"""Landing a call log, against DuckDB's bare typed copy of the same file."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.figures import Figure, memory, ratio
from benchmarks.inputs.call_logs import Truth, truth_of
from benchmarks.measure import ProgramFailed, Run, middle, run

TARGET = 2.5
GROWTH = 5
# what "flat" means: five times the rows take at most this much more memory
FLAT = 1.2


def landing(bench: Bench) -> list[Figure]:
    """Lands the log and five times the log."""
    log = bench.call_log(bench.log_rows)
    ours, references = [], []
    for number in range(1, bench.repeats + 1):
        bench.say(f"landing {bench.log_rows:,} calls, {number} of {bench.repeats}")
        ours.append(land(bench, log, truth_of(bench.log_rows)))
        bench.say(f"bare copy of {bench.log_rows:,} calls, {number} of {bench.repeats}")
        out = bench.empty("bare-copy") / "calls.parquet"
        references.append(run("benchmarks.references", "copy", log, out))
    small = middle(ours)
    many = bench.log_rows * GROWTH
    bench.say(f"landing {many:,} calls")
    large = land(bench, bench.call_log(many), truth_of(many))
    return [
        ratio(
            f"landing {bench.log_rows:,} calls",
            small.cpu_seconds,
            middle(references).cpu_seconds,
            target=TARGET,
            peak_mib=small.peak_mib,
        ),
        ratio(
            f"landing {many:,} calls (reference x {GROWTH})",
            large.cpu_seconds,
            middle(references).cpu_seconds * GROWTH,
            target=None,
            peak_mib=large.peak_mib,
        ),
        memory(
            f"memory of landing {many:,} calls",
            large.peak_mib,
            target_mib=small.peak_mib * FLAT,
        ),
    ]


def land(bench: Bench, log: Path, truth: Truth) -> Run:
    """Lands a log in an empty folder and holds the counts against the truth.

    Raises:
        ProgramFailed: a line was lost, doubled or wrongly refused.
    """
    data = bench.empty("landed")
    env = {"TOKENHOUSE_DATA": data, "TOKENHOUSE_HASH_KEY": "benchmark"}
    landed = run("ingest", "calls", log, "--json", env=env)
    [file] = json.loads(landed.output)["files"]
    names = ("rows_read", "rows_landed", "rows_duplicate", "rows_quarantined")
    counts = Truth(*(file[name] for name in names))
    if counts != truth:
        raise ProgramFailed(f"landing counted {counts}, the log holds {truth}")
    return bench.measured("landing", landed)
