"""From series to their score: lands them, builds their forecasts, compares."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.forecast.land import land_series
from benchmarks.forecast.score import DayScore, score
from benchmarks.forecast.series import Series
from pipeline.build import build, describe
from pipeline.settings import Settings

FORECASTS = ("resource_type:seed", "+int_spend_forecasts_daily,resource_type:model")


class BuildFailedError(Exception):
    """The forecasts were not built; the message says why."""


def score_series(folder: Path, made: Mapping[str, Series], manifest: Any = None) -> list[DayScore]:
    """Forecasts of series, through the project's own models, and how good they are.

    Args:
        folder: an empty folder for the lake and the warehouse.
        made: series by kind.
        manifest: the parsed project, for callers that have it.

    Raises:
        BuildFailedError: dbt did not succeed.
    """
    land_series(folder, made)
    settings = Settings(data=folder)
    # otherwise dbt adds the tests of whatever models are selected
    os.environ["DBT_INDIRECT_SELECTION"] = "empty"
    try:
        report = build(settings, select=FORECASTS, manifest=manifest)
    finally:
        del os.environ["DBT_INDIRECT_SELECTION"]
    if not report.succeeded:
        raise BuildFailedError(describe(report, settings.warehouse))
    return score(settings.warehouse, made)
