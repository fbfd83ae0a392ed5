"""Runs dbt's unit tests: made-up inputs, results by hand, no data of ours.

dbt takes the column types of the inputs from tables that exist, so a warehouse of an empty lake
is made first, in a folder of its own.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import duckdb

from pipeline.dbt_runner import DbtResult, run_dbt
from pipeline.lake_views import create_views, open_lake
from pipeline.plan import plan_full, write_touched_dates
from pipeline.seeds import PROJECT_SEEDS
from pipeline.settings import Settings

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest


def run_unit_tests(settings: Settings, manifest: Manifest | None = None) -> DbtResult:
    """Makes an empty warehouse in ``settings.data`` and runs every unit test on it.

    Args:
        settings: a folder without a lake, which may be thrown away.
        manifest: the parsed project.
    """
    shutil.rmtree(settings.workshop, ignore_errors=True)
    settings.workshop.mkdir(parents=True)
    with duckdb.connect(str(settings.draft)) as connection:
        create_views(connection, open_lake(settings.raw))
        write_touched_dates(connection, plan_full(connection, "unit tests"))
    relations = ["--resource-type", "seed", "--resource-type", "model"]
    made = run_dbt(settings, ["build", "--full-refresh", *relations], PROJECT_SEEDS, manifest)
    if not made.succeeded:
        return made
    return run_dbt(settings, ["test", "--select", "test_type:unit"], PROJECT_SEEDS, manifest)
