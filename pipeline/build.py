"""Builds the warehouse: plan, draft, dbt, swap. Readers see the old state or the new one.

Data flow: data/raw -> data/.build/warehouse.duckdb (dbt) -> data/warehouse.duckdb
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.store import reaching
from pipeline.dbt_runner import DbtResult, run_dbt
from pipeline.draft import BuildError, discard_draft, only_builder, open_draft, start_draft, swap_in
from pipeline.fingerprint import code_fingerprint, seeds_fingerprint
from pipeline.lake_views import LakeState, create_views, open_lake
from pipeline.plan import (
    BuildState,
    Plan,
    current_state,
    plan_full,
    plan_increment,
    read_state,
    why_full,
    write_state,
    write_touched_dates,
)
from pipeline.seeds import lay_out_seeds
from pipeline.settings import PROJECT, Settings

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

FROM_SEEDS = "tag:from_seeds"
SHOWN_DATES = 5
SHOWN_KINDS = ("seed", "model", "test")


@dataclass(frozen=True)
class BuildReport:
    """What a build did.

    Attributes:
        plan: what had to be restated.
        dbt: what became of it; None when there was nothing to do.
        seconds: wall time, dbt's start-up included.
    """

    plan: Plan
    dbt: DbtResult | None
    seconds: float

    @property
    def succeeded(self) -> bool:
        """Whether the warehouse now shows the lake."""
        return self.dbt is None or self.dbt.succeeded


def build(
    settings: Settings,
    *,
    full_refresh: bool = False,
    thorough: bool = False,
    select: Sequence[str] = (),
    manifest: Manifest | None = None,
) -> BuildReport:
    """Brings the warehouse up to date with the lake.

    Args:
        settings: where things are.
        full_refresh: rebuild every date, whatever changed.
        thorough: let tests of single calls look at every restated date, not the newest only.
        select: dbt selectors; only these models are built, and the build does not count as one:
            the next build restates the same dates again.
        manifest: the parsed project, for callers that build several times in one process.
    """
    started = time.monotonic()
    with reaching(settings.raw), only_builder(settings):
        lake = open_lake(settings.raw, settings.data)
        seeds = lay_out_seeds(settings)
        state = current_state(code_fingerprint(), seeds_fingerprint(seeds), lake)
        plan, previous = _prepare(
            settings, lake, state, full_refresh=full_refresh, thorough=thorough
        )
        result = None
        try:
            if not plan.is_empty or select:
                result = run_dbt(settings, _command(plan, select), seeds, manifest)
            if result is None or result.succeeded:
                _finish(settings, None if select else state, changed=previous != state)
        finally:
            discard_draft(settings)
    return BuildReport(plan, result, time.monotonic() - started)


def _prepare(
    settings: Settings,
    lake: LakeState,
    state: BuildState,
    *,
    full_refresh: bool,
    thorough: bool,
) -> tuple[Plan, BuildState | None]:
    """Starts the draft and puts the plan and the lake's views into it."""
    start_draft(settings)
    with open_draft(settings) as connection:
        previous = read_state(connection)
    reason = why_full(previous, state, full_refresh)
    if reason:
        start_draft(settings, empty=True)
    with open_draft(settings) as connection:
        create_views(connection, lake)
        plan = plan_full(connection, reason) if reason else plan_increment(connection)
        write_touched_dates(connection, plan, thorough=thorough)
    return plan, previous


def _command(plan: Plan, select: Sequence[str]) -> list[str]:
    """The dbt command. Unit tests test code, not data: `make test` runs them."""
    command = ["build", "--exclude-resource-type", "unit_test"]
    if plan.full_because:
        command.append("--full-refresh")
    else:
        # Changed seeds are a full refresh, so the draft holds what is made of them alone.
        command += ["--exclude", FROM_SEEDS]
    if select:
        command += ["--select", *select]
    return command


def _finish(settings: Settings, state: BuildState | None, *, changed: bool) -> None:
    """Records the state in the draft and swaps it in; leaves an unchanged warehouse alone."""
    if state is not None and not changed:
        return
    with open_draft(settings) as connection:
        if state is not None:
            write_state(connection, state)
        connection.execute("checkpoint")
    swap_in(settings)


def describe(report: BuildReport, warehouse: Path) -> str:
    """The few lines a person wants to read after a build."""
    lines = []
    if report.plan.full_because:
        lines.append(f"full refresh ({report.plan.full_because})")
    if report.dbt is None:
        lines.append("nothing new has landed; the warehouse is up to date")
    elif report.dbt.succeeded:
        lines.append(_dates_restated(report.plan))
        counts = ", ".join(
            f"{report.dbt.counts[kind]} {kind}s"
            for kind in SHOWN_KINDS
            if kind in report.dbt.counts
        )
        lines.append(f"{counts} in {report.seconds:.1f} s")
    else:
        lines += _failures(report.dbt)
    lines.append(f"warehouse: {_relative(warehouse)}")
    return "\n".join(lines)


def _dates_restated(plan: Plan) -> str:
    shown = ", ".join(str(date) for date in plan.dates[:SHOWN_DATES])
    more = len(plan.dates) - SHOWN_DATES
    if more > 0:
        shown = f"{plan.dates[0]} to {plan.dates[-1]}"
    files = f"{plan.landing_count} landed file{'s' if plan.landing_count != 1 else ''}"
    if plan.has_new_states:
        files += ", new states of incidents"
    if not plan.dates:
        return f"{files}, no dates restated"
    return f"{files}; {len(plan.dates)} dates restated: {shown}"


def _failures(result: DbtResult) -> list[str]:
    lines = ["the build failed; the warehouse is unchanged"]
    if result.error:
        lines.append(result.error)
    for node in result.nodes:
        if not node.is_good and node.status != "skipped":
            lines.append(f"{node.status}: {node.kind} {node.name}: {node.message.strip()}")
    return lines


def _relative(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


__all__ = ["PROJECT", "BuildError", "BuildReport", "build", "describe"]
