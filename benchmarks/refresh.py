"""Full refresh of ledger and roll-ups, against one hand-written query over the same files."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.bench import Bench, Engine
from benchmarks.figures import Figure, ratio
from benchmarks.measure import PROJECT, ProgramFailed, Run, middle, run

TARGET = 2.5
DAYS = 90
PRICES = PROJECT / "seeds" / "prices" / "price_list.csv"
# The ledger and the roll-ups. The data tests are measured too, on a line of their own: the
# hand-written query has none.
MODELS = ("--select", "resource_type:seed", "--select", "resource_type:model")


def refresh(bench: Bench) -> list[Figure]:
    """Builds everything from the lake, with and without the data tests."""
    data = bench.lake(bench.lake_rows // DAYS, DAYS)
    nothing = bench.lake(1, 1)
    starts, tested_starts, models, tested, references = [], [], [], [], []
    for number in range(1, bench.repeats + 1):
        turn = f"{number} of {bench.repeats}"
        bench.say(f"dbt with next to nothing to do, {turn}")
        starts.append(build(nothing, "--full-refresh", *MODELS))
        tested_starts.append(build(nothing, "--full-refresh"))
        bench.say(f"hand-written query over {bench.lake_rows:,} calls, {turn}")
        references.append(roll_up(bench, data))
        bench.say(f"full refresh of {bench.lake_rows:,} calls, {turn}")
        models.append(full_refresh(bench, data, *MODELS))
        bench.say(f"full refresh with data tests of {bench.lake_rows:,} calls, {turn}")
        tested.append(full_refresh(bench, data))
        same_totals(bench, data)
    bench.full = Engine.of(models, starts)
    reference = middle(references).cpu_seconds
    return [
        engine_ratio(f"full refresh of {bench.lake_rows:,} calls", bench.full, reference, TARGET),
        engine_ratio(
            f"full refresh + tests of {bench.lake_rows:,} calls",
            Engine.of(tested, tested_starts),
            reference,
            None,
        ),
    ]


def build(data: Path, *options: str) -> Run:
    """One ``python -m pipeline build`` of a data folder."""
    # otherwise dbt adds the tests of whatever models are selected
    selection = {"DBT_INDIRECT_SELECTION": "empty"} if "--select" in options else {}
    return run("pipeline", "build", *options, env={"TOKENHOUSE_DATA": data, **selection})


def full_refresh(bench: Bench, data: Path, *options: str) -> Run:
    """A full refresh; its memory is kept by the folder's name."""
    return bench.measured(f"refresh {data.name}", build(data, "--full-refresh", *options))


def roll_up(bench: Bench, data: Path) -> Run:
    """The hand-written query over the lake of a data folder."""
    out = bench.folder / "hand-written.duckdb"
    return run("benchmarks.references", "rollup", data / "raw", PRICES, out)


def same_totals(bench: Bench, data: Path) -> None:
    """Holds the totals of the roll-ups against those of the hand-written query.

    Raises:
        ProgramFailed: calls, tokens or dollars differ in any digit.
    """
    hand_written = bench.folder / "hand-written.duckdb"
    totals = run("benchmarks.references", "totals", hand_written, data / "warehouse.duckdb")
    written, *marts = json.loads(totals.output)
    if any(mart != written for mart in marts):
        raise ProgramFailed(f"hand-written query: {written}, marts: {marts}")


def engine_ratio(name: str, ours: Engine, other: float, target: float | None) -> Figure:
    """The figure of a build, its start-up apart."""
    return ratio(
        name,
        ours.seconds,
        other,
        target=target,
        peak_mib=ours.peak_mib,
        startup=ours.startup,
    )
