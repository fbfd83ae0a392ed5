"""Generates organisations, runs the project's detection on them and scores what it fired."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from benchmarks.detection.generate import generate, scripts
from benchmarks.detection.project import Detection, detect
from benchmarks.detection.score import Score, score
from benchmarks.detection.tracks import MONDAY, Kind, Track

TABLES = ("usage", "incidents", "excess")


def organisation_files(
    folder: Path, track: Track, seed: int, kinds: tuple[Kind, ...]
) -> dict[str, Path]:
    """Usage, incidents and excess dollars of one organisation, made once and kept."""
    recipe = repr((track, kinds, scripts())).encode()
    place = folder / f"{track.name}-{seed}-{hashlib.sha256(recipe).hexdigest()[:8]}"
    files = {name: place / f"{name}.parquet" for name in TABLES}
    if all(file.exists() for file in files.values()):
        return files
    place.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute("set threads = 2; set enable_progress_bar = false")
        generate(connection, track, seed, kinds)
        connection.execute(
            """
            create table excess as
            select
                usage.workload,
                usage.hour_number - epoch_us((select started_at from track)) // 3600000000
                    as hour_number,
                cast(sum(usage.cost_usd - coalesce(quiet_usage.cost_usd, 0)) as double)
                    as excess_usd
            from usage
            left join quiet_usage using (hour_number, tenant_id, workload)
            where usage.cost_usd is distinct from quiet_usage.cost_usd
            group by all
            """
        )
        for name, file in files.items():
            connection.execute(f"copy {name} to '{file}'")
    return files


def run_track(
    detection: Detection,
    folder: Path,
    track: Track,
    seeds: Iterable[int],
    kinds: tuple[Kind, ...],
    *,
    tiers: Sequence[str] = ("page",),
) -> Score:
    """The score of a track: all its organisations together."""
    with duckdb.connect() as results:
        for seed in seeds:
            files = organisation_files(folder, track, seed, kinds)
            connection = detect(detection, str(files["usage"]), folder / "work")
            fired = folder / "work" / "fired.parquet"
            connection.execute(f"copy (select * from marts.fct_cost_anomalies_hourly) to '{fired}'")
            connection.close()
            collect(results, track, seed, files, fired, tiers=tiers)
        return score(results)


def collect(
    results: duckdb.DuckDBPyConnection,
    track: Track,
    seed: int,
    files: dict[str, Path],
    fired: Path,
    *,
    tiers: Sequence[str],
) -> None:
    """Adds an organisation's truth and what fired on it to the tables that are scored."""
    start = int(MONDAY.timestamp()) // 3600
    shown = ", ".join(f"'{tier}'" for tier in tiers)
    selects = {
        "fired": f"select workload, epoch_us(hour_at) // 3600000000 - {start} as hour_number "
        f"from '{fired}' where tier in ({shown})",
        "incidents": f"select workload, week_number, kind, start_hour, end_hour "
        f"from '{files['incidents']}'",
        "excess": f"select * from '{files['excess']}'",
        "workload_weeks": f"select distinct workload, week_number from '{files['usage']}', "
        f"range({track.warm_up_weeks}, {track.weeks}) as weeks(week_number)",
    }
    for name, select in selects.items():
        rows = f"select {seed} as organisation, * from ({select})"
        results.execute(f"create table if not exists {name} as {rows} limit 0")
        results.execute(f"insert into {name} {rows}")


def fired_rows(
    detection: Detection, folder: Path, usage: Path, until: int | None = None
) -> set[tuple[str, str, int, float]]:
    """What fires on the usage known until an hour: rule, entity, hour and its limit."""
    known = folder / "work" / "known.parquet"
    known.parent.mkdir(parents=True, exist_ok=True)
    limit = "true" if until is None else f"hour_number < {until}"
    with duckdb.connect() as connection:
        connection.execute(f"copy (select * from '{usage}' where {limit}) to '{known}'")
    with detect(detection, str(known), folder / "work") as connection:
        rows = connection.execute(
            "select rule_id, entity, epoch_us(hour_at) // 3600000000, limit_value "
            "from marts.fct_cost_anomalies_hourly"
        ).fetchall()
    return set(rows)
