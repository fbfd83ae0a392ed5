"""Runs the project's own detection SQL on generated usage: compiled by dbt, never copied."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipeline.dbt_runner import run_dbt
from pipeline.lake_views import create_views, open_lake
from pipeline.plan import plan_full, write_touched_dates
from pipeline.seeds import PROJECT_SEEDS, lay_out_seeds
from pipeline.settings import Settings

FIRST = "int_workload_usage_summed_hourly"
LAST = "fct_incidents"


class DetectionFailed(Exception):
    """The project's models could not be compiled or run."""


@dataclass(frozen=True)
class Detection:
    """The project's detection models, compiled, and an empty warehouse they fit.

    Attributes:
        warehouse: a database with every relation of the project, seeds filled, no call in it.
        models: name and SQL of the models after the first, in the order they depend on each
            other; views stay as they are.
    """

    warehouse: Path
    models: tuple[tuple[str, str], ...]


def compile_detection(
    folder: Path,
    seeds: Path | None = None,
    *,
    first: str = FIRST,
    lasts: tuple[str, ...] = (LAST,),
) -> Detection:
    """Builds the models once on an empty lake; what dbt compiled for them is what runs later.

    Args:
        folder: a folder of its own; emptied.
        seeds: CSVs that replace those of the project, e.g. other rules.
        first: the model that is filled with generated rows.
        lasts: the models wanted of them.
    """
    shutil.rmtree(folder, ignore_errors=True)
    settings = Settings(data=folder, seeds=seeds)
    settings.workshop.mkdir(parents=True)
    with duckdb.connect(str(settings.draft)) as connection:
        create_views(connection, open_lake(settings.raw))
        write_touched_dates(connection, plan_full(connection, "compiled for the benchmark"))
    layout = lay_out_seeds(settings) if seeds else PROJECT_SEEDS
    selected = ["--resource-type", "seed", "--resource-type", "model"]
    result = run_dbt(
        settings,
        ["build", "--full-refresh", *selected, "--select", *(f"+{last}" for last in lasts)],
        layout,
    )
    if not result.succeeded:
        bad = [f"{node.name}: {node.message}" for node in result.nodes if not node.is_good]
        raise DetectionFailed(result.error or "; ".join(bad))
    compiled = {
        file.stem: file.read_text(encoding="utf-8")
        for file in settings.target.rglob("compiled/tokenhouse/models/**/*.sql")
    }
    names = [node.name for node in result.nodes if node.name in compiled]
    after = names.index(first) + 1
    return Detection(
        settings.draft,
        tuple((name, compiled[name]) for name in names[after:]),
    )


def detect(
    detection: Detection, usage: str, folder: Path, *, threads: int = 2
) -> duckdb.DuckDBPyConnection:
    """Scores generated usage; the returned connection reads marts.fct_cost_anomalies_hourly.

    Args:
        detection: the compiled models.
        usage: a Parquet file with the columns of the first model.
        folder: where to work; its warehouse is replaced.
        threads: of DuckDB.
    """
    connection = open_copy(detection, folder, threads=threads)
    connection.execute(f"insert into intermediate.{FIRST} by name select * from '{usage}'")
    run_models(connection, detection)
    return connection


def open_copy(detection: Detection, folder: Path, *, threads: int = 2) -> duckdb.DuckDBPyConnection:
    """The empty warehouse, copied to a folder; one that is there is replaced."""
    # views name their database: the copy must be called as the one they were made in
    database = folder / detection.warehouse.name
    folder.mkdir(parents=True, exist_ok=True)
    for leftover in (database, database.with_name(f"{database.name}.wal")):
        leftover.unlink(missing_ok=True)
    shutil.copyfile(detection.warehouse, database)
    connection = duckdb.connect(str(database))
    connection.execute(f"set TimeZone = 'UTC'; set threads = {threads}")
    connection.execute("set enable_progress_bar = false")
    return connection


def run_models(
    connection: duckdb.DuckDBPyConnection,
    detection: Detection,
    filled: Collection[str] = (),
    until: str | None = None,
) -> None:
    """Makes stored models anew, but those in `filled`, up to one of them; views stay."""
    kinds = dict(
        connection.execute(
            "select table_name, table_schema || '.' || table_name from information_schema.tables "
            "where table_type = 'BASE TABLE' and table_schema in ('intermediate', 'marts')"
        ).fetchall()
    )
    for name, code in detection.models:
        if name == until:
            break
        if name in kinds and name not in filled:
            connection.execute(f"delete from {kinds[name]}")
            connection.execute(f"insert into {kinds[name]} by name {code}")
