"""Detection never looks ahead, and a series of builds ends where one build of everything ends."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest

from tests.support.detection_lake import START, TENANTS, hours
from tests.support.event_factory import Events, event
from tests.support.lake_factory import Lake, call
from tests.support.warehouse import build_lake, contents, query

TABLES = (
    "marts.fct_metrics_hourly",
    "marts.fct_cost_anomalies_hourly",
    "marts.fct_cost_digest_daily",
    "marts.fct_incidents",
    "intermediate.int_tenants_cost_compared_hourly",
    "intermediate.int_metric_baselines_daily",
    "intermediate.int_incident_hours",
    "intermediate.int_incident_usage_summed",
    "intermediate.int_incident_measures",
    "marts.fct_incident_drivers",
    "marts.fct_incident_dimensions",
    "marts.fct_incident_state_changes",
    "alerts.alert_incidents",
)
ENDS = ("alert_incidents", "fct_metrics_hourly", "fct_cost_digest_daily", "fct_silences_hourly")
CUT = 798  # six hours into the incident that begins at 792
PACKS = """\
pack,is_enabled,description
default,true,
articles,true,
"""
PAGED = "select rule_id, entity, hour_at, limit_value, excess_usd from "


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same weeks built in steps, at once, and cut at CUT."""
    grown = tmp_path_factory.mktemp("grown")
    lake = Lake(grown)
    lake.land(hours(0, 780))
    build_lake(grown, *ENDS)
    lake.land(hours(780, CUT))
    build_lake(grown, *ENDS)
    cut = tmp_path_factory.mktemp("cut")
    shutil.copytree(grown / "raw", cut / "raw")
    build_lake(cut, *ENDS)

    lake.land(hours(CUT, 830))
    build_lake(grown, *ENDS)
    # a quiet day, then one call: hours without any call become known with it
    lake.land([call("after", "2026-10-06 20:30", tenant_id="acme", feature="chat")])
    build_lake(grown, *ENDS)
    # late rows of an earlier day
    lake.land([row | {"event_id": f"late-{row['event_id']}"} for row in hours(700, 702)])
    build_lake(grown, *ENDS)
    rebuilt = tmp_path_factory.mktemp("rebuilt")
    shutil.copytree(grown / "raw", rebuilt / "raw")
    build_lake(rebuilt, *ENDS)
    return {"grown": grown, "rebuilt": rebuilt, "cut": cut}


def test_steps_end_where_one_build_ends(built: dict[str, Path]) -> None:
    for table in TABLES:
        rows = contents(built["grown"], table)
        assert rows, table
        assert rows == contents(built["rebuilt"], table), table


def test_an_event_that_takes_a_success_back_restates_what_watches_it(tmp_path: Path) -> None:
    """The success of the 20th is gone with a failure of the 24th; no call landed with it."""
    seeds, grown, rebuilt = tmp_path / "seeds", tmp_path / "grown", tmp_path / "rebuilt"
    seeds.mkdir()
    (seeds / "alert_rule_packs.csv").write_text(PACKS)
    lake, events = Lake(grown), Events(grown)
    lake.land(
        row | {"task_id": row["event_id"].rsplit("-", maxsplit=1)[0]} for row in hours(480, 600)
    )
    events.land(
        event(f"won-{hour}", f"{at:%Y-%m-%d %H}:40", task_id=f"{hour}-acme")
        for hour in range(480, 600)
        if (at := START + dt.timedelta(hours=hour))
    )
    build_lake(grown, "int_metric_windows_hourly", seeds=seeds)
    watched = (
        "select hour_number, observed from intermediate.int_metric_windows_hourly "
        "where metric = 'tokens_per_success' and entity_type = 'workload' order by 1"
    )
    before = query(grown, watched)
    lost = event("lost", "2026-09-24 10:00", task_id="490-acme", event_name="task_failed")
    events.land([lost])
    build_lake(grown, "int_metric_windows_hourly", seeds=seeds)
    shutil.copytree(grown / "raw", rebuilt / "raw")
    build_lake(rebuilt, "int_metric_windows_hourly", seeds=seeds)
    after = query(rebuilt, watched)
    assert after != before, "hours of the 20th have a success less"
    assert query(grown, watched) == after


def test_hours_are_dense_up_to_what_the_lake_knows(built: dict[str, Path]) -> None:
    rows = query(
        built["grown"],
        """
        select entity, count(*), count(distinct hour_at), max(hour_at)::varchar,
            count(*) filter (where call_count = 0)
        from marts.fct_metrics_hourly
        where entity_type = 'tenant'
        group by entity order by entity
        """,
    )
    # the newest call is of 2026-10-06 20:00, so hours before 18:00 have passed their watermark:
    # 36 days and 18 hours; nobody called after hour 829
    assert rows == [(tenant, 882, 882, "2026-10-06 17:00:00+00", 52) for tenant in sorted(TENANTS)]


def test_the_deploy_is_paged_in_its_first_hours(built: dict[str, Path]) -> None:
    rows = query(
        built["grown"],
        """
        select workload, opened_at::varchar, onset_at::varchar, detected_at::varchar, tier,
            baseline_week_count
        from marts.fct_incidents
        where opened_at >= timestamptz '2026-10-02 00:00:00+00'
        """,
    )
    assert len(rows) == 1
    workload, opened_at, onset_at, detected_at, tier, weeks = rows[0]
    assert workload == "chat|realtime|production"
    assert opened_at == "2026-10-03 00:00:00+00"
    assert onset_at == "2026-10-03 00:00:00+00"
    assert detected_at == "2026-10-03 03:00:00+00"
    assert (tier, weeks) == ("page", 4)


def test_the_deploy_is_explained_by_what_a_token_costs(built: dict[str, Path]) -> None:
    rows = query(
        built["grown"],
        """
        select driver, cost_delta_usd <> 0, likely_cause
        from marts.fct_incident_drivers
        inner join marts.fct_incidents using (incident_id)
        where opened_at >= timestamptz '2026-10-02 00:00:00+00'
        order by abs(cost_delta_usd) desc, driver
        limit 3
        """,
    )
    # the traffic stops on the second day, while the long windows still hold the first
    assert rows == [
        ("price", True, "price"),
        ("volume", True, "price"),
        ("cache_share", False, "price"),
    ]


def test_what_comes_later_changes_no_earlier_alert(built: dict[str, Path]) -> None:
    # the newest call is of hour 797, so hours before 795 are scored at the cut; the late rows of
    # hour 700 restate what looks back on them, so only the build before them is compared
    known = "where hour_at < timestamptz '2026-10-03 03:00:00+00'"
    query_text = f"{PAGED} marts.fct_cost_anomalies_hourly {known} order by all"
    alerts = query(built["cut"], query_text)
    assert alerts
    later = built["cut"]
    Lake(later).land(hours(CUT, 830))
    build_lake(later, *ENDS)
    assert query(later, query_text) == alerts
