"""The tracks: what workloads are like, which seeds tune and which judge, how big incidents are."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path

MONDAY = dt.datetime(2026, 8, 3, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Track:
    """One kind of organisation; noises are standard deviations of logarithms.

    Attributes:
        tenant_spread: how unequal tenants are.
        day_noise: of a tenant's day; hour_noise: of its hours, in spells of some hours.
        walk_noise: a tenant's daily step that stays.
        unit_noise: of a tenant's cost per call, once by the day and once by six hours.
        release_noise: of all tenants' cost per call, from week to week.
        bursts_a_week: backfills and scripts of a tenant, nobody's incidents.
        burst_size: their median, as a multiple of the usual rate.
        idle_share: up to which share of days tenants are idle.
        joining_share: share of tenants that join during the weeks; half as many leave.
        clients: which real clients' rates stand in for the drawn ones; empty: none.
    """

    name: str
    tenant_spread: float
    day_noise: float
    hour_noise: float
    walk_noise: float
    unit_noise: float
    release_noise: float
    bursts_a_week: float
    burst_size: float
    idle_share: float
    joining_share: float
    weeks: int = 10
    warm_up_weeks: int = 5
    incident_share: float = 0.55
    clients: str = ""


STEADY = Track("steady", 1.0, 0.18, 0.20, 0.03, 0.10, 0.03, 0.5, 2.0, 0.05, 0.15)
BURSTY = Track("bursty", 1.1, 0.14, 0.38, 0.025, 0.14, 0.04, 2.5, 5.0, 0.3, 0.25)
# Two real weeks of 314 language clients of ServeGen (Apache-2.0), repeated with fresh noise.
CLIENT_RATES = Path(__file__).parents[3] / "shared/data/servegen/client_rates.parquet"
REAL_STEADY = replace(STEADY, name="real_steady", clients="active_share > 0.8 and variation < 1")
REAL_BURSTY = replace(BURSTY, name="real_bursty", clients="active_share > 0.2")
REAL_TRACKS = {track.name: track for track in (REAL_STEADY, REAL_BURSTY)}
TRACKS = {track.name: track for track in (STEADY, BURSTY)}

# kind, hours from and to, size from and to; what a size is, usage.sql says
Kind = tuple[str, int, int, float, float]
DEV_KINDS: tuple[Kind, ...] = (
    ("retry_storm", 2, 8, 1.5, 4.0),
    ("embed", 6, 24, 1.2, 4.0),
    ("model_drift", 12, 96, 0.25, 0.6),
    ("ctx_100", 24, 120, 0.8, 1.2),
    ("ctx_50", 24, 120, 0.4, 0.6),
    ("weekend_burn", 30, 46, 0.8, 2.0),
    ("runaway", 3, 12, 0.5, 2.0),
    ("cache_drop", 12, 72, 0.7, 0.95),
    ("slow_drift", 96, 150, 0.6, 1.2),
    ("level_35", 72, 140, 0.3, 0.4),
    ("volume_2x", 2, 6, 0.8, 1.2),
)
# held-out incidents are drawn from wider ranges than those the rules were tuned on
HELD_OUT_KINDS: tuple[Kind, ...] = (
    ("retry_storm", 2, 10, 1.0, 5.0),
    ("embed", 4, 36, 1.1, 5.0),
    ("model_drift", 8, 120, 0.2, 0.7),
    ("ctx_100", 18, 140, 0.7, 1.5),
    ("ctx_50", 18, 140, 0.35, 0.7),
    ("weekend_burn", 24, 47, 0.5, 3.0),
    ("runaway", 2, 16, 0.3, 3.0),
    ("cache_drop", 8, 96, 0.5, 1.0),
    ("slow_drift", 84, 160, 0.5, 1.5),
    ("level_35", 60, 150, 0.25, 0.5),
    ("volume_2x", 2, 8, 0.7, 1.5),
)
DEV_SEEDS = tuple(range(1, 7))
HELD_OUT_SEEDS = tuple(range(101, 109))
