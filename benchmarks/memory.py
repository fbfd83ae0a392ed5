"""Peak memory of landing and building, from the runs of the other parts or from runs of its own."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.figures import Figure, memory
from benchmarks.inputs.call_logs import truth_of
from benchmarks.landing import land
from benchmarks.refresh import DAYS, full_refresh

LIMIT_MIB = 2.5 * 1024
LARGE_LIMIT_MIB = 4 * 1024
LARGER = 5


def memory_figures(bench: Bench) -> list[Figure]:
    """Landing, and a full refresh with its data tests, of the history and of five times it."""
    if "landing" not in bench.peaks:
        bench.say(f"landing {bench.log_rows:,} calls")
        land(bench, bench.call_log(bench.log_rows), truth_of(bench.log_rows))
    figures = [memory("memory of landing", bench.peaks["landing"], target_mib=LIMIT_MIB)]
    sizes = [(bench.lake_rows, LIMIT_MIB)]
    if bench.large:
        sizes.append((bench.lake_rows * LARGER, LARGE_LIMIT_MIB))
    for rows, limit in sizes:
        data = bench.lake(rows // DAYS, DAYS)
        if f"refresh {data.name}" not in bench.peaks:
            bench.say(f"full refresh of {rows:,} calls")
            full_refresh(bench, data)
        peak = bench.peaks[f"refresh {data.name}"]
        figures.append(memory(f"memory of refreshing {rows:,} calls", peak, target_mib=limit))
    return figures
