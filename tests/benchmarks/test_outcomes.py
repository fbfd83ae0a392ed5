"""A small version of `python -m benchmarks.outcomes`, as a gate, and the statistics by hand."""

from __future__ import annotations

import math

import duckdb
import pytest

from benchmarks.outcomes import coverage
from benchmarks.outcomes.coverage import Cell, connect, grid, measure, render

DRAWS = 1000
# 95 %, as the benchmark promises it, and three standard errors of 1,000 draws more.
LOWEST, HIGHEST = 0.93 - 0.015, 0.97 + 0.015
CELLS = [
    Cell(1.0, 30, 0.95, 0.0),
    Cell(1.0, 100, 0.3, -0.5),
    Cell(1.0, 100, 0.95, 0.5),
    Cell(0.7, 300, 0.1, 0.0),
    Cell(1.3, 300, 0.6, 0.5),
]


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_the_interval_holds_the_truth_as_often_as_it_says(cell: Cell) -> None:
    found = measure(cell, DRAWS, connect(0.25))
    assert found.published >= 0.99 * DRAWS
    assert LOWEST <= found.coverage <= HIGHEST


def test_without_its_correction_the_interval_misses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate sees what it is there for."""

    def uncorrected(expression: str) -> str:
        return render(expression).replace("t_quantile - shift", "t_quantile")

    monkeypatch.setattr(coverage, "render", uncorrected)
    assert measure(CELLS[0], DRAWS, connect(0.25)).coverage < LOWEST


def test_the_grid_is_every_combination() -> None:
    assert len(list(grid())) == 4 * 6 * 4 * 3


@pytest.mark.parametrize(("tasks", "successes"), [(29, 20), (30, 2)])
def test_too_few_tasks_or_successes_have_no_interval(tasks: int, successes: int) -> None:
    row = duckdb.sql(
        render(
            "with cohorts as (select $tasks as task_count, 10.0 as billed_cost_usd, "
            "9.0 as cost_squared, $successes as success_count, 5.0 as success_cost_usd), "
            "{{ unit_cost_intervals('cohorts') }} "
            "select cost_per_success_low_usd, cost_per_success_high_usd from intervals"
        ),
        params={"tasks": tasks, "successes": successes},
    ).fetchone()
    assert row == (None, None)


@pytest.mark.parametrize("t", [0.0, 0.5, 1.96, 4.0])
def test_p_values_are_those_of_the_normal_distribution(t: float) -> None:
    row = duckdb.sql(
        render("select {{ two_sided_p('cast($t as double)', '1e0', '1e9') }}"), params={"t": t}
    ).fetchone()
    assert row
    assert row[0] == pytest.approx(math.erfc(t / math.sqrt(2)), abs=2e-7)


@pytest.mark.parametrize(("freedom", "exact"), [(10, 2.2281), (29, 2.0452), (1000, 1.9623)])
def test_t_quantiles_are_those_of_the_tables(freedom: int, exact: float) -> None:
    row = duckdb.sql(render(f"select {{{{ t_quantile_975('{freedom}e0') }}}}")).fetchone()
    assert row
    assert row[0] == pytest.approx(exact, abs=1e-3)
