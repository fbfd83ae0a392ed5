"""Scores the forecasts of a built warehouse against what the months came to.

The references are computed here from the series, by plain arithmetic: the blend of the published
definition (weekday medians of four weeks times the square root of last week's level) and the run
rate of the month to date.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from benchmarks.forecast.land import FIRST_DAY, SCOPES, SCORED_MONTH
from benchmarks.forecast.series import WEEK, Series

SCORED_DAYS = (4, 7, 14, 21)
MONTH_STARTS = (SCORED_MONTH - FIRST_DAY).days


@dataclass(frozen=True)
class DayScore:
    """How good one kind's forecasts of one day of the month are.

    Attributes:
        ours: median absolute error, share of the month's total.
        blend: the same of the reference blend.
        run_rate: the same of the month to date's run rate.
        coverage: share of the months within the 80 % range.
        width: median width of the range, share of the month's total.
    """

    kind: str
    day: int
    ours: float
    blend: float
    run_rate: float
    coverage: float
    width: float


def score(warehouse: Path, made: Mapping[str, Series]) -> list[DayScore]:
    """One line for each kind of series and scored day."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            """
            select
                scope_type, scope_id, extract(day from as_of_date),
                forecast_usd, forecast_low_usd, forecast_high_usd
            from intermediate.int_spend_forecasts_daily
            where month_start_date = ?
            """,
            [SCORED_MONTH],
        ).fetchall()
    found = {(row[0], row[1], row[2]): tuple(map(float, row[3:])) for row in rows}
    return [_day_score(kind, day, made[kind], found) for kind in made for day in SCORED_DAYS]


def _day_score(
    kind: str,
    day: int,
    series: Series,
    found: Mapping[tuple[str, str, int], tuple[float, ...]],
) -> DayScore:
    scope_type = SCOPES[kind][0]
    totals = {name: sum(costs[MONTH_STARTS:]) for name, costs in series.items()}
    ranges = {name: found[scope_type, name, day] for name in series}
    return DayScore(
        kind,
        day,
        _median_error(totals, {name: values[0] for name, values in ranges.items()}),
        _median_error(totals, _references(series, day, blend)),
        _median_error(totals, _references(series, day, run_rate)),
        statistics.fmean(low <= totals[name] <= high for name, (_, low, high) in ranges.items()),
        statistics.median((high - low) / totals[name] for name, (_, low, high) in ranges.items()),
    )


def _references(
    series: Series, day: int, forecast: Callable[[Sequence[float], int, int], float]
) -> dict[str, float]:
    known = MONTH_STARTS + day
    return {
        name: sum(costs[MONTH_STARTS:known]) + forecast(costs[:known], day, len(costs) - known)
        for name, costs in series.items()
    }


def _median_error(totals: Mapping[str, float], forecasts: Mapping[str, float]) -> float:
    return statistics.median(abs(forecasts[name] / totals[name] - 1) for name in totals)


def blend(known: Sequence[float], _day: int, open_days: int) -> float:
    """Open days by the published blend."""
    usual = [statistics.median(known[-WEEK + day :: -WEEK][:4]) for day in range(WEEK)]
    level = (sum(known[-WEEK:]) / sum(usual)) ** 0.5 if sum(usual) else 1.0
    return sum(usual[day % WEEK] for day in range(open_days)) * level


def run_rate(known: Sequence[float], day: int, open_days: int) -> float:
    """Open days at the month's daily mean so far."""
    return sum(known[-day:]) / day * open_days
