"""A small run of the detection benchmark: the rules keep what they are worth, and never look ahead.

The scorer is checked on alerts placed by hand; the gate's limits lie well below the figures of
benchmarks/README.md, because one organisation is few.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from benchmarks.detection.bench import fired_rows, organisation_files, run_track
from benchmarks.detection.project import Detection, compile_detection
from benchmarks.detection.score import score
from benchmarks.detection.tracks import BURSTY, DEV_KINDS, STEADY

SEED = 3


@pytest.fixture(scope="module")
def detection(tmp_path_factory: pytest.TempPathFactory) -> Detection:
    return compile_detection(tmp_path_factory.mktemp("compiled"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("organisations")


def test_every_incident_costs_something(folder: Path) -> None:
    """What strikes a tenant that has not come yet, or has left, would be nothing to find."""
    files = organisation_files(folder, BURSTY, 1, DEV_KINDS)
    with duckdb.connect() as connection:
        nothing = connection.execute(
            f"""
            select incidents.workload, week_number, kind
            from '{files["incidents"]}' as incidents
            anti join '{files["excess"]}' as excess
                on
                    incidents.workload = excess.workload
                    and excess.hour_number >= start_hour
                    and excess.hour_number < end_hour
                    and excess.excess_usd > 0
            """
        ).fetchall()
    assert nothing == []


@pytest.mark.slow
def test_page_rules_find_incidents_and_leave_clean_weeks_alone(
    detection: Detection, folder: Path
) -> None:
    found = run_track(detection, folder, STEADY, [SEED], DEV_KINDS)
    assert found.incidents > 50
    assert found.lift > 0.45
    assert found.false_alerts < 0.35
    assert found.hours is not None
    assert found.hours <= 6


@pytest.mark.slow
def test_cutting_history_changes_no_alert_before_the_cut(
    detection: Detection, folder: Path
) -> None:
    usage = organisation_files(folder, STEADY, SEED, DEV_KINDS)["usage"]
    everything = fired_rows(detection, folder, usage)
    last = max(row[2] for row in everything)
    cut = last - 100
    alerts = fired_rows(detection, folder, usage, until=cut)
    # the clock stands two hours before the newest call
    known = {row for row in everything if row[2] < cut - 1 - 2}
    assert known, "there is something to compare"
    assert {row for row in alerts if row[2] < cut - 1 - 2} == known


def test_an_alert_counts_only_where_it_opens() -> None:
    with duckdb.connect() as connection:
        connection.execute(
            """
            create table workload_weeks as
            select 1 as organisation, unnest(['w', 'v']) as workload, week as week_number
            from range(5, 7) as weeks(week);
            create table incidents as
            select 1 as organisation, 'w' as workload, 5 as week_number, 'ctx_50' as kind,
                850 as start_hour, 860 as end_hour
            union all
            select 1, 'v', 6, 'runaway', 1010, 1020;
            create table excess as
            select 1 as organisation, 'w' as workload, hour as hour_number, 1.0 as excess_usd
            from range(850, 860) as hours(hour)
            union all
            select 1, 'v', hour, 1.0 from range(1010, 1020) as hours(hour);
            -- w opens in the fourth hour; v was open before its incident began, which is no find.
            -- In the clean week of v one opens at the hours of w's incident.
            create table fired as
            select 1 as organisation, 'w' as workload, unnest([853, 854, 866]) as hour_number
            union all
            select 1, 'v', unnest([855, 1000, 1012])
            """
        )
        found = score(connection)
    assert (found.incidents, found.clean_weeks) == (2, 2)
    assert found.recall == 0.5
    assert found.hours == 4
    # clean weeks: w's sixth and v's fifth; one of two has an opening in w's hours, none in v's
    assert found.placebo == pytest.approx(0.25)
    # both of v: in its fifth week; what follows within twelve hours is the same alert
    assert found.false_alerts == 1
    # six of the twenty dollars were still ahead
    assert found.averted == pytest.approx(0.3)
