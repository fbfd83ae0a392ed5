"""Draws cohorts whose truth is known and counts how often the interval holds it.

The interval is the project's own SQL: the macro of the models, rendered here and run on the sums
of made-up tasks. Costs are lognormal; success may go with dear tasks or with cheap ones. Both come
from normal numbers with a correlation, so the true cost per success is known in closed form.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

import duckdb
import yaml
from jinja2 import Environment

PROJECT = Path(__file__).resolve().parents[2]
MACROS = ("statistics/unit_cost_interval.sql", "statistics/two_samples.sql")
NORMAL = NormalDist()
TASK_COUNTS = (30, 60, 100, 300, 1000, 5000)
SUCCESS_SHARES = (0.1, 0.3, 0.6, 0.95)
CORRELATIONS = (-0.5, 0.0, 0.5)
# Spread of the logarithm of cost: 1 makes the dearest of 100 tasks ten times the middle one.
SIGMAS = (0.3, 0.7, 1.0, 1.3)


@dataclass(frozen=True)
class Cell:
    """One kind of cohort: how many tasks, how often they succeed, how costs spread."""

    sigma: float
    tasks: int
    success_share: float
    correlation: float


@dataclass(frozen=True)
class Covered:
    """What became of the draws of a cell.

    Attributes:
        cell: which.
        draws: how many cohorts.
        published: how many of them had enough tasks and successes for an interval.
        held: how many of those intervals hold the truth.
        below: how many lie below it whole, above it whole are the rest.
    """

    cell: Cell
    draws: int
    published: int
    held: int
    below: int

    @property
    def coverage(self) -> float:
        """Share of the intervals that hold the truth."""
        return self.held / self.published


def render(expression: str) -> str:
    """SQL that uses the project's statistics macros, as dbt would render it."""
    settings = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))
    macros = "".join((PROJECT / "macros" / macro).read_text(encoding="utf-8") for macro in MACROS)
    environment = Environment()
    return environment.from_string(macros + expression).render(var=settings["vars"].get)


def grid(
    sigmas: Sequence[float] = SIGMAS, task_counts: Sequence[int] = TASK_COUNTS
) -> Iterator[Cell]:
    """Every combination."""
    for sigma in sigmas:
        for tasks in task_counts:
            for share in SUCCESS_SHARES:
                for correlation in CORRELATIONS:
                    yield Cell(sigma, tasks, share, correlation)


def measure(cell: Cell, draws: int, connection: duckdb.DuckDBPyConnection) -> Covered:
    """Draws cohorts of one kind and asks the project for their intervals."""
    connection.execute(f"create or replace table cohorts as {_cohorts_sql(cell, draws)}")
    truth = math.exp(cell.sigma**2 / 2) / cell.success_share
    statement = render(
        "with {{ unit_cost_intervals('cohorts') }} "
        "select count(cost_per_success_low_usd), "
        "count(*) filter (where cost_per_success_low_usd <= $truth "
        "and cost_per_success_high_usd >= $truth), "
        "count(*) filter (where cost_per_success_high_usd < $truth) from intervals"
    )
    [(published, held, below)] = connection.execute(statement, {"truth": truth}).fetchall()
    return Covered(cell, draws, published, held, below)


def _cohorts_sql(cell: Cell, draws: int) -> str:
    """Sums over the tasks of each drawn cohort, of the models' types."""
    threshold = NORMAL.inv_cdf(cell.success_share)
    rest = math.sqrt(1 - cell.correlation**2)
    return f"""
        select
            draw,
            count(*) as task_count,
            cast(sum(cost) as decimal(38, 12)) as billed_cost_usd,
            cast(sum(cast(cost * cost as decimal(38, 18))) as decimal(38, 18)) as cost_squared,
            sum(success) as success_count,
            cast(sum(cost * success) as decimal(38, 12)) as success_cost_usd
        from (
            select
                draw,
                cast(exp({cell.sigma} * a) as decimal(18, 9)) as cost,
                case
                    when {threshold} + {cell.correlation} * a + {rest} * b > 0 then 1
                    else 0
                end as success
            from (
                select
                    draw,
                    sqrt(-2 * ln(u)) * cos(2 * pi() * v) as a,
                    sqrt(-2 * ln(u)) * sin(2 * pi() * v) as b
                from (
                    select i // {cell.tasks} as draw, 1 - random() as u, random() as v
                    from range({cell.tasks * draws}) as numbers(i)
                )
            )
        )
        group by draw
    """


def connect(seed: float) -> duckdb.DuckDBPyConnection:
    """A connection whose random numbers are the same every time."""
    connection = duckdb.connect()
    connection.execute("set threads = 1")
    connection.execute("select setseed(?)", [seed])
    return connection
