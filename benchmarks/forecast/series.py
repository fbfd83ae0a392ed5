"""Ten weeks of daily costs of made-up workloads, and of real request rates where they are at hand.

A workload is the sum of 8 to 17 tenants with weekday shapes and drifting levels. Steady tenants
are noisy by a third; bursty ones by a factor of e, and silent on many days. Nothing is planted:
the forecast says that it assumes no incident.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb

DAYS = 70
WEEK = 7
TENANTS = (8, 17)
WEEKDAYS = (1.0, 1.02, 1.03, 1.0, 0.95)
ACTIVE_SHARE = 0.8

Series = dict[str, list[float]]


def synthetic(kind: str, count: int, seed: int) -> Series:
    """So many workloads of one kind: `steady` or `bursty`."""
    rng = random.Random(f"{kind}{seed}")
    is_bursty = kind == "bursty"
    return {f"{kind}-{number}": _workload(rng, is_bursty) for number in range(count)}


def _workload(rng: random.Random, is_bursty: bool) -> list[float]:
    weekdays = [*WEEKDAYS, rng.uniform(0.3, 0.9), rng.uniform(0.3, 0.9)]
    tenants = [_tenant(rng, weekdays, is_bursty) for _ in range(rng.randint(*TENANTS))]
    return [sum(costs) for costs in zip(*tenants, strict=True)]


def _tenant(rng: random.Random, weekdays: list[float], is_bursty: bool) -> list[float]:
    level = rng.lognormvariate(3, 1.2)
    noise = (1.0 if is_bursty else 0.3) * rng.uniform(0.5, 1.5)
    active_share = rng.uniform(0.2, 1) if is_bursty else 1.0
    state, is_active, costs = rng.gauss(0, 1), True, []
    for day in range(DAYS):
        state = 0.3 * state + math.sqrt(1 - 0.3**2) * rng.gauss(0, 1)
        if day % WEEK == 0:
            level *= math.exp(rng.gauss(0, 0.10 if is_bursty else 0.05))
        if rng.random() < 1 / 2:
            is_active = rng.random() < active_share
        costs.append(level * weekdays[day % WEEK] * math.exp(noise * state) * is_active)
    return costs


def served(rates: Path, kind: str, count: int, seed: int) -> Series:
    """Workloads of real clients' request rates, two real weeks drawn again for ten.

    Args:
        rates: `client_rates.parquet` of the ServeGen traces.
        kind: `served-steady` takes clients active 80 % of the time, `served-bursty` all.
        count: How many workloads.
        seed: Another seed, other workloads.
    """
    rng = random.Random(f"{kind}{seed}")
    clients = list(_clients(rates, ACTIVE_SHARE if kind == "served-steady" else 0.0))
    return {f"{kind}-{number}": _served_workload(rng, clients) for number in range(count)}


def _clients(rates: Path, active_share: float) -> Iterator[list[float]]:
    rows = duckdb.execute(
        """
        select list(day_requests order by day_number)
        from (
            select
                model, client, t_s // 86400 as day_number,
                600 * sum(rate_rps) as day_requests,
                avg(case when rate_rps > 0 then 1 else 0 end) as active
            from read_parquet(?)
            where category = 'language'
            group by model, client, day_number
        )
        group by model, client
        having count(*) = 14 and sum(day_requests) > 0 and avg(active) >= ?
        order by model, client
        """,
        [str(rates), active_share],
    ).fetchall()
    yield from (row[0] for row in rows)


def _served_workload(rng: random.Random, clients: list[list[float]]) -> list[float]:
    total = [0.0] * DAYS
    for _ in range(rng.randint(*TENANTS)):
        days = rng.choice(clients)
        price = rng.lognormvariate(0, 1) * 50 * len(days) / sum(days)
        for week in range(DAYS // WEEK):
            drawn = rng.randrange(2) * WEEK
            for day in range(WEEK):
                total[week * WEEK + day] += days[drawn + day] * price
    level, costs = 1.0, []
    for day, cost in enumerate(total):
        if day % WEEK == 0:
            level *= math.exp(rng.gauss(0, 0.05))
        costs.append(cost * level * math.exp(rng.gauss(0, 0.03)))
    return costs


def kinds(count: int, seed: int, rates: Path | None) -> Mapping[str, Series]:
    """Every kind of series that can be made here."""
    made = {kind: synthetic(kind, count, seed) for kind in ("steady", "bursty")}
    if rates is not None:
        made |= {
            kind: served(rates, kind, count, seed) for kind in ("served-steady", "served-bursty")
        }
    return made
