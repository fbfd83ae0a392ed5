"""Generates organisations, runs the project's models on them and asks what they say of each cause.

Data flow: generated cube and changes -> compiled models -> fct_incidents and its kin -> score.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import duckdb

from benchmarks.causes.generate import TABLES, generate
from benchmarks.causes.kinds import EXPECTED
from benchmarks.causes.score import Score, score
from benchmarks.detection.project import Detection, compile_detection, open_copy, run_models
from benchmarks.detection.tracks import MONDAY, Kind, Track

CUBE = "int_call_costs_summed_hourly"
CONTEXTS = "int_call_contexts"
MARTS = ("fct_incidents", "fct_incident_drivers", "fct_incident_dimensions", "fct_incident_changes")
_START = int(MONDAY.timestamp()) // 3600
_HOUR = "epoch_us({at}) // 3600000000 - " + str(_START)


def compile_causes(folder: Path) -> Detection:
    """The models from the hourly cube to the explained incident."""
    return compile_detection(folder, first=CUBE, lasts=MARTS)


def organisation_files(
    folder: Path, track: Track, seed: int, kinds: tuple[Kind, ...]
) -> dict[str, Path]:
    """What was generated of one organisation, made once and kept."""
    name = hashlib.sha256(repr((track, kinds)).encode()).hexdigest()[:8]
    place = folder / f"{track.name}-{seed}-{name}"
    files = {table: place / f"{table}.parquet" for table in TABLES}
    if not all(file.exists() for file in files.values()):
        place.mkdir(parents=True, exist_ok=True)
        with duckdb.connect() as connection:
            connection.execute("set threads = 2; set enable_progress_bar = false")
            generate(connection, track, seed, kinds)
            for table, file in files.items():
                connection.execute(f"copy {table} to '{file}'")
    return files


def explain(
    compiled: Detection, files: dict[str, Path], folder: Path, usage: str = "usage"
) -> duckdb.DuckDBPyConnection:
    """The warehouse of an organisation: its incidents found and explained by the project.

    Of its twin, in which nothing was planted (`quiet_usage`), they are found only.
    """
    connection = open_copy(compiled, folder)
    for relation, columns in ((CUBE, "*"), (CONTEXTS, "distinct *")):
        shown = ", ".join(
            row[0]
            for row in connection.execute(f"describe intermediate.{relation}").fetchall()
            if row[0] in _columns(connection, files["usage"])
        )
        select = f"select {columns.replace('*', shown)} from '{files[usage]}'"
        connection.execute(f"insert into intermediate.{relation} by name {select}")
    connection.execute("create table changes as select * from lake.changes")
    connection.execute(f"insert into changes by name select * from '{files['changes']}'")
    connection.execute("create or replace view lake.changes as select * from main.changes")
    until = None if usage == "usage" else "int_incidents"
    run_models(connection, compiled, filled=(CUBE, CONTEXTS), until=until)
    return connection


def _columns(connection: duckdb.DuckDBPyConnection, file: Path) -> set[str]:
    return {row[0] for row in connection.execute(f"describe select * from '{file}'").fetchall()}


def run(
    compiled: Detection,
    folder: Path,
    track: Track,
    seeds: Iterable[int],
    kinds: tuple[Kind, ...],
    *,
    incidents: int | None = None,
) -> Score:
    """The score of a track: organisations until so many causes were planted, all together."""
    with duckdb.connect() as results:
        results.execute("create table expected (kind varchar, cause varchar)")
        results.executemany("insert into expected values (?, ?)", list(EXPECTED.items()))
        for seed in seeds:
            files = organisation_files(folder, track, seed, kinds)
            collect(results, compiled, seed, files, folder / "work")
            [(planted,)] = results.execute("select count(*) from incidents").fetchall()
            if incidents is not None and planted >= incidents:
                break
        return score(results)


def collect(
    results: duckdb.DuckDBPyConnection,
    compiled: Detection,
    seed: int,
    files: dict[str, Path],
    folder: Path,
) -> None:
    """Adds what was planted in an organisation and what was said of it to what is scored."""
    said = {
        "opened": f"select workload, incident_id, spell_opened_hour_number - {_START} "
        f"as hour_number, max(hour_number) - {_START} as last_hour "
        "from intermediate.int_incident_hours_grouped group by all",
        "explained": f"select incident_id, likely_cause, linked_change_id, "
        f"{_HOUR.format(at='opened_at')} as opened_hour, "
        f"{_HOUR.format(at='last_fired_at')} as last_hour from marts.fct_incidents",
        "places": "select incident_id, dimension, value from marts.fct_incident_dimensions "
        "where rank = 1",
    }
    with explain(compiled, files, folder) as connection:
        for name, select in said.items():
            connection.execute(f"copy ({select}) to '{folder / name}.parquet'")
    with explain(compiled, files, folder, "quiet_usage") as connection:
        connection.execute(f"copy ({said['opened']}) to '{folder / 'anyway'}.parquet'")
    selects = {
        "incidents": f"select * from '{files['incidents']}'",
        "changes": f"select change_id, feature from '{files['changes']}'",
        "planted": f"select workload, week_number, concat('planted-', place) as change_id "
        f"from '{files['planted']}'",
        **{name: f"select * from '{folder / name}.parquet'" for name in (*said, "anyway")},
    }
    for name, select in selects.items():
        rows = f"select {seed} as organisation, * from ({select})"
        results.execute(f"create table if not exists {name} as {rows} limit 0")
        results.execute(f"insert into {name} {rows}")
