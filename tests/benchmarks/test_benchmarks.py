"""The benchmarks at tiny sizes: both sides do the same work, and a difference is seen."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from benchmarks.bench import Bench, Engine
from benchmarks.figures import memory, ratio
from benchmarks.inputs.call_logs import Truth, truth_of
from benchmarks.inputs.lake import FIRST_DAY, land_days
from benchmarks.landing import land
from benchmarks.measure import ProgramFailed, Run, middle, run
from benchmarks.references.totals import MARTS
from benchmarks.refresh import roll_up, same_totals
from pipeline.build import build
from pipeline.settings import Settings
from tests.support.warehouse import manifest

ROWS = 3000


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("benchmarks")
    return Bench(folder, ROWS, 90, 1, False, lambda _: None)


@pytest.fixture(scope="module")
def built(bench: Bench) -> Path:
    """A lake of two days, built, and the hand-written query's result beside it."""
    data = bench.folder / "lake"
    land_days(data / "raw", rows_a_day=400, first=0, days=2)
    models = [f"+{name},resource_type:{kind}" for name in MARTS for kind in ("model", "seed")]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DBT_INDIRECT_SELECTION", "empty")
        report = build(Settings(data=data), full_refresh=True, select=models, manifest=manifest())
    assert report.succeeded
    roll_up(bench, data)
    return data


def test_truth_of_a_log_is_known_by_hand() -> None:
    assert truth_of(3000) == Truth(read=3000, landed=2967, duplicate=30, quarantined=3)


def test_landing_and_bare_copy_hold_the_same_calls(bench: Bench) -> None:
    log = bench.call_log(ROWS)
    land(bench, log, truth_of(ROWS))
    copied = bench.empty("bare-copy") / "calls.parquet"
    run("benchmarks.references", "copy", log, copied)

    [ours] = duckdb.sql(
        f"""
        select count(*), sum(latency_ms), sum(source_cost_usd),
            sum(output_tokens) filter (where usage_dialect = 'flat')
        from '{bench.folder}/landed/raw/calls/*/*.parquet'
        """
    ).fetchall()
    [reference] = duckdb.sql(
        f"""
        with good as (
            select distinct on (event_id) * from '{copied}'
            where timestamp is not null and provider is not null and outcome = 'success'
                and coalesce(input_tokens, 0) >= 0
                and not contains(coalesce(cast(usage as varchar), ''), ':-')
        )
        select count(*), sum(latency_ms), sum(cost_usd), sum(output_tokens) from good
        """
    ).fetchall()
    assert ours == reference
    assert ours[0] == 2967


def test_a_lost_line_fails_the_landing_benchmark(bench: Bench) -> None:
    with pytest.raises(ProgramFailed, match="the log holds"):
        land(bench, bench.call_log(ROWS), Truth(3000, 2966, 30, 4))


def test_warehouse_and_hand_written_query_agree_to_the_last_digit(
    bench: Bench, built: Path
) -> None:
    same_totals(bench, built)


def test_a_picodollar_more_fails_the_refresh_benchmark(bench: Bench, built: Path) -> None:
    database = str(bench.folder / "hand-written.duckdb")
    add = "update daily_costs set billed_cost_usd = billed_cost_usd {} 0.000000000001"
    one_row = " where rowid = (select min(rowid) from daily_costs where billed_cost_usd > 0)"
    with duckdb.connect(database) as connection:
        connection.execute(add.format("+") + one_row)
    try:
        with pytest.raises(ProgramFailed, match="hand-written query"):
            same_totals(bench, built)
    finally:
        with duckdb.connect(database) as connection:
            connection.execute(add.format("-") + one_row)


def test_lake_has_every_day_and_retries_of_failed_calls(built: Path) -> None:
    rows = duckdb.sql(
        f"""
        select event_date, count(*), count(*) filter (where attempt = 2)
        from read_parquet('{built}/raw/calls/*/*.parquet', hive_partitioning = true)
        group by event_date order by event_date
        """
    ).fetchall()
    # every 33rd call is a retry: numbers 5, 38, … 368 of the first day, 401, … 797 of the second
    assert [row[1:] for row in rows] == [(400, 12), (400, 13)]
    assert rows[0][0] == FIRST_DAY


def test_a_program_that_fails_is_not_measured() -> None:
    with pytest.raises(ProgramFailed, match="No such command"):
        run("benchmarks.references", "no-such-program")


def test_startup_is_taken_off_the_median() -> None:
    runs = [Run(cpu, 0.0, peak, "") for cpu, peak in ((9.0, 50.0), (5.0, 70.0), (6.0, 60.0))]
    idle = [Run(cpu, 0.0, 10.0, "") for cpu in (2.0, 2.5, 9.0)]
    assert middle(runs).cpu_seconds == 6.0
    assert Engine.of(runs, idle) == Engine(seconds=3.5, startup=2.5, peak_mib=70.0)


def test_verdicts_compare_with_the_target() -> None:
    assert ratio("a", 5.0, 2.0, target=2.5, peak_mib=1).verdict == "PASS"
    assert ratio("a", 5.1, 2.0, target=2.5, peak_mib=1).verdict == "MISS"
    assert ratio("a", 5.1, 2.0, target=None, peak_mib=1).verdict == ""
    assert memory("m", 2561, target_mib=2560).verdict == "MISS"
