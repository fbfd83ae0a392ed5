"""Lands the real tasks through the commands, builds their marts, asks what a success cost.

Data flow: calls.ndjson, events.ndjson -> lake -> fct_tasks, fct_calls -> a figure per agent × model

A figure is what is known to have been spent over what is known to have been solved. A task whose
cost is unknown or stated as 0 makes it too low, one whose outcome is unknown makes it too high;
both are counted beside it. Where no task of an agent and model cost anything, there is no figure.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, fields
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.outcomes.coverage import PROJECT, render
from benchmarks.outcomes.real.sources import FOLDER, tasks, write
from pipeline.build import build, describe
from pipeline.settings import Settings

MARTS = (
    "resource_type:seed",
    "+fct_tasks,resource_type:model",
    "+fct_task_costs_daily,resource_type:model",
    "fct_calls",
)


class BuildFailedError(Exception):
    """The marts were not built; the message says why."""


@dataclass(frozen=True)
class Figure:
    """What an agent's successes cost on a model.

    Attributes:
        unknown_count: tasks nobody said success or failure of; they are no successes.
        unpriced_count: tasks whose cost the source does not say.
        zero_count: tasks whose cost the source says is 0.
        known_cost_usd: what the others cost; None where no task's cost is said.
        cost_per_success_usd: known cost for each success; None without either.
        scaled_usd: the same if unpriced and zero tasks cost what the others do on average.
        low_usd: lower end of the 95 % interval of the known part.
        high_usd: its upper end.
    """

    source: str
    agent: str
    model: str
    task_count: int
    success_count: int
    failure_count: int
    unknown_count: int
    unpriced_count: int
    zero_count: int
    known_cost_usd: Decimal | None
    cost_per_success_usd: Decimal | None
    scaled_usd: Decimal | None
    low_usd: Decimal | None
    high_usd: Decimal | None

    @property
    def misses_costs(self) -> bool:
        """Whether some task counts without its cost."""
        return self.unpriced_count + self.zero_count > 0

    @property
    def bound(self) -> str:
        """How the true figure compares: equal, at least, at most, or either."""
        return {
            (False, False): "",
            (True, False): "≥ ",
            (False, True): "≤ ",
            (True, True): "≈ ",
        }[self.misses_costs, self.unknown_count > 0]


@dataclass(frozen=True)
class Beside:
    """Calls of a source and agent that work for no task, and what they cost."""

    source: str
    agent: str
    call_count: int
    unpriced_count: int
    known_cost_usd: Decimal | None


FIGURES = """
    with models as (

        select task_id, min(model) as model
        from marts.fct_calls
        where task_id is not null
        group by task_id
        having count(distinct model) = 1

    ),

    tasks as (

        select
            tasks.*,
            models.model,
            coalesce(tasks.billed_cost_usd > 0, false) as has_cost,
            cast(least(coalesce(tasks.billed_cost_usd, 0), 1000000) as decimal(18, 9))
                as spread_cost
        from marts.fct_tasks as tasks
        inner join models on tasks.task_id = models.task_id

    ),

    sums as (

        select
            tenant_id as source,
            feature as agent,
            model,
            count(*) as task_count,
            count(*) filter (where is_success) as success_count,
            count(*) filter (where outcome_status = 'failure') as failure_count,
            count(*) filter (where outcome_status not in ('success', 'failure')) as unknown_count,
            count(*) filter (where unpriced_call_count > 0) as unpriced_count,
            count(*) filter (where unpriced_call_count = 0 and not has_cost) as zero_count,
            count(*) filter (where has_cost) as costed_count,
            cast(sum(billed_cost_usd) as decimal(38, 12)) as billed_cost_usd,
            sum(case when is_success then billed_cost_usd else 0 end) as success_cost_usd,
            sum(cast(spread_cost * spread_cost as decimal(38, 18))) as cost_squared
        from tasks
        group by tenant_id, feature, model

    ),

    {{ unit_cost_intervals('sums') }}

    select
        source,
        agent,
        model,
        task_count,
        success_count,
        failure_count,
        unknown_count,
        unpriced_count,
        zero_count,
        billed_cost_usd as known_cost_usd,
        case when billed_cost_usd > 0 then {{ unit_cost_usd('billed_cost_usd', 'success_count') }}
        end as cost_per_success_usd,
        case when billed_cost_usd > 0 then cast(
            cast(billed_cost_usd as double) * task_count
            / nullif(costed_count * success_count, 0) as decimal(38, 12)
        ) end as scaled_usd,
        cost_per_success_low_usd as low_usd,
        cost_per_success_high_usd as high_usd
    from intervals
    order by source, agent, cost_per_success_usd nulls last, model
"""

BESIDE = """
    select
        tenant_id as source,
        feature as agent,
        sum(untasked_call_count) as call_count,
        sum(untasked_unpriced_call_count) as unpriced_count,
        sum(untasked_cost_usd) as known_cost_usd
    from marts.fct_task_costs_daily
    group by tenant_id, feature
    having sum(untasked_call_count) > 0
    order by source, agent
"""


def land(folder: Path, data: Path, shared: Path = FOLDER) -> str:
    """Writes the logs to a folder and lands them; what the commands said.

    Raises:
        subprocess.CalledProcessError: a command failed.
    """
    calls, events = folder / "calls.ndjson", folder / "events.ndjson"
    write(tasks(shared), calls, events)
    return "".join(
        subprocess.run(
            [sys.executable, "-m", "ingest", source, str(file)],
            env={**os.environ, "TOKENHOUSE_DATA": str(data)},
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
        for source, file in (("calls", calls), ("product-events", events))
    )


def build_marts(data: Path, manifest: Any = None) -> None:
    """Builds the tables of tasks and calls, and what they stand on.

    Raises:
        BuildFailedError: dbt did not succeed.
    """
    settings = Settings(data=data)
    # otherwise dbt adds the tests of whatever models are selected
    os.environ["DBT_INDIRECT_SELECTION"] = "empty"
    try:
        report = build(settings, select=MARTS, manifest=manifest)
    finally:
        del os.environ["DBT_INDIRECT_SELECTION"]
    if not report.succeeded:
        raise BuildFailedError(describe(report, settings.warehouse))


def figures(data: Path) -> list[Figure]:
    """Cost per success of every source, agent and model."""
    return [Figure(*row) for row in _rows(data, render(FIGURES), Figure)]


def beside(data: Path) -> list[Beside]:
    """What the tasks' figures do not hold; with them it is the ledger."""
    return [Beside(*row) for row in _rows(data, BESIDE, Beside)]


def _rows(data: Path, statement: str, row: type[Figure] | type[Beside]) -> list[tuple[Any, ...]]:
    names = ", ".join(field.name for field in fields(row))
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(f"select {names} from ({statement})").fetchall()
