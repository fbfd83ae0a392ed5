"""The budget feed: whole files, kept history, and an overshoot that is never above the bound."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from publish.budget_feed import feed as feed_module
from publish.budget_feed.feed import BudgetFeedError, Feed, write_feed
from publish.budget_feed.overshoot import blind_seconds, hours_touched

NOON = dt.datetime(2026, 9, 20, 12, tzinfo=dt.UTC)
LIMIT = Decimal(100)


def _warehouse(
    folder: Path,
    spent: Decimal = Decimal("12.000000000001"),
    as_of_at: dt.datetime = NOON,
    peak: Decimal | None = Decimal(5),
) -> Path:
    """A warehouse of one budget of 100 dollars, and one nobody has used."""
    file = folder / "warehouse.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema if not exists marts")
        connection.execute(
            """
            create or replace table marts.fct_budget_positions as
            select
                budget_id, 'tenant' as scope_type, 'acme' as scope_id, 'day' as period,
                date '2026-09-20' as period_start_date, null::timestamptz as hour_at,
                100::decimal(38, 12) as budget_usd, spent::decimal(38, 12) as spent_usd,
                (100 - spent)::decimal(38, 12) as remaining_usd, ?::timestamptz as as_of_at,
                'ok' as status, 0::bigint as unpriced_call_count,
                peak::decimal(38, 12) as peak_hour_cost_usd
            from (values ('used', ?::decimal(38, 12), ?::decimal(38, 12)), ('idle', 0, null))
                as given (budget_id, spent, peak)
            """,
            [as_of_at, spent, peak],
        )
    return file


def _feed(
    folder: Path, warehouse: Path, published_at: dt.datetime, late: int = 0, interval: int = 300
) -> Feed:
    return write_feed(
        warehouse,
        folder / "budgets",
        published_at=published_at,
        interval_seconds=interval,
        late_seconds=late,
    )


def test_parquet_and_json_say_the_same_to_the_last_digit(tmp_path: Path) -> None:
    published = NOON + dt.timedelta(minutes=40)
    written = _feed(tmp_path, _warehouse(tmp_path), published, late=600)
    rows = pq.read_table(written.files[0]).to_pylist()
    document = json.loads(written.files[1].read_text())
    assert [row["budget_id"] for row in rows] == ["idle", "used"]
    used = rows[1]
    assert used["spent_usd"] == Decimal("12.000000000001")
    assert used["remaining_usd"] == Decimal("87.999999999999")
    assert used["as_of_at"] == NOON
    # 40 minutes of age, 10 late, 5 to the next: 55 minutes touch two clock hours.
    assert used["blind_seconds"] == 55 * 60
    assert used["worst_overshoot_usd"] == Decimal(10)
    assert rows[0]["worst_overshoot_usd"] is None, "nobody knows how fast it could be spent"
    assert document["budgets"][1]["spent_usd"] == "12.000000000001"
    assert document["budgets"][1]["as_of_at"] == "2026-09-20T12:00:00Z"
    assert [budget["budget_id"] for budget in document["budgets"]] == ["idle", "used"]


def test_every_feed_is_kept(tmp_path: Path) -> None:
    warehouse = _warehouse(tmp_path)
    first = _feed(tmp_path, warehouse, NOON)
    kept = first.files[2].read_bytes()
    second = _feed(tmp_path, _warehouse(tmp_path, Decimal(20)), NOON + dt.timedelta(hours=13))
    history = sorted((tmp_path / "budgets" / "history").rglob("*.parquet"))
    assert history == [first.files[2], second.files[2]]
    assert first.files[2].read_bytes() == kept
    assert [file.parent.name for file in history] == ["date=2026-09-20", "date=2026-09-21"]
    spent = duckdb.sql(
        f"select spent_usd from '{tmp_path}/budgets/history/**/*.parquet' "
        "where budget_id = 'used' order by published_at"
    ).fetchall()
    assert spent == [(Decimal("12.000000000001"),), (Decimal(20),)]


@pytest.mark.parametrize("torn_folder", ["budgets", "date=2026-09-20"])
def test_a_feed_that_fails_leaves_the_last_one_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, torn_folder: str
) -> None:
    warehouse = _warehouse(tmp_path)
    before = _feed(tmp_path, warehouse, NOON)
    contents = [file.read_bytes() for file in before.files]
    write_table = pq.write_table

    def torn(table: object, file: Path, **options: object) -> None:
        if file.parent.name == torn_folder:
            file.write_bytes(b"half a f")
            raise OSError("disk full")
        write_table(table, file, **options)

    monkeypatch.setattr(feed_module.pq, "write_table", torn)
    with pytest.raises(OSError, match="disk full"):
        _feed(tmp_path, _warehouse(tmp_path, Decimal(50)), NOON + dt.timedelta(minutes=5))
    assert [file.read_bytes() for file in before.files] == contents
    for file in (tmp_path / "budgets").rglob("*.parquet"):
        pq.read_table(file)


def test_a_warehouse_without_budgets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BudgetFeedError, match="make build"):
        _feed(tmp_path, tmp_path / "warehouse.duckdb", NOON)
    with duckdb.connect(str(tmp_path / "empty.duckdb")):
        pass
    with pytest.raises(BudgetFeedError, match="make build"):
        _feed(tmp_path, tmp_path / "empty.duckdb", NOON)


@pytest.mark.parametrize(
    ("seconds", "hours"), [(0, 1), (1, 2), (3600, 2), (3601, 3), (7200, 3), (300, 2)]
)
def test_so_many_seconds_touch_so_many_hours(seconds: int, hours: int) -> None:
    assert hours_touched(seconds) == hours


def test_data_from_the_future_has_no_age() -> None:
    ahead = NOON + dt.timedelta(hours=1)
    assert blind_seconds(NOON, ahead, late_seconds=60, interval_seconds=300) == 360


Calls = list[tuple[int, int, Decimal]]
"""Second a call begins, second it lands, what it costs."""

PEAK = Decimal(12)
LATE, INTERVAL, DAY = 600, 900, 24 * 3600


def _even(rng: random.Random) -> Calls:
    """Eight workers, together at the dearest hour's rate."""
    cost = PEAK / 720
    return [(second, second + rng.randint(1, LATE), cost) for second in range(0, DAY, 5)]


def _random_bursts(rng: random.Random) -> Calls:
    """Each hour's money in a minute of its own."""
    calls = []
    for hour in range(24):
        start = hour * 3600 + rng.randrange(3600 - 60)
        calls += [(start + rng.randrange(60), 0, PEAK / 40) for _ in range(40)]
    return [(begins, begins + rng.randint(1, LATE), cost) for begins, _, cost in sorted(calls)]


def _around_full_hours(_rng: random.Random) -> Calls:
    """The worst there is: an hour's money in its last second, the next one's in its first.

    A trickle beside it keeps the data fresh.
    """
    trickle = [(second, second, Decimal("0.0001")) for second in range(0, DAY, 60)]
    begins = [hour * 3600 + (0 if hour % 2 else 3599) for hour in range(24)]
    cost = (PEAK - Decimal("0.006")) / 10
    return sorted(trickle + [(second, second + LATE, cost) for second in begins for _ in range(10)])


@pytest.mark.parametrize("workload", [_even, _random_bursts, _around_full_hours])
@pytest.mark.parametrize("seed", [0, 4])
def test_concurrent_spend_never_exceeds_the_stated_bound(
    tmp_path: Path, workload: Callable[[random.Random], Calls], seed: int
) -> None:
    overshoot, stated, _ = _spend(tmp_path, workload(random.Random(seed)), seed)
    assert 0 < overshoot <= stated


def test_rate_times_time_alone_would_not_be_a_bound(tmp_path: Path) -> None:
    overshoot, stated, seconds = _spend(tmp_path, _around_full_hours(random.Random(0)), 4)
    assert PEAK * seconds / 3600 < overshoot <= stated


def _spend(folder: Path, calls: Calls, seed: int) -> tuple[Decimal, Decimal, int]:
    """Lets calls through until a feed says the budget is spent.

    A feed is written every INTERVAL seconds, at an odd second of its own, of the calls landed by
    then; enforcers know nothing else. Gives the overshoot and the bound and blind seconds of the
    last feed that let calls through.
    """
    midnight = NOON.replace(hour=0)
    through: Calls = []
    stated, seconds, waiting = Decimal(0), 0, list(calls)
    for tick in range(seed * 37 % INTERVAL, DAY, INTERVAL):
        landed = [call for call in through if call[1] <= tick]
        spent = sum((call[2] for call in landed), Decimal(0))
        as_of = max((call[0] for call in landed), default=tick) // 3600 * 3600
        warehouse = _warehouse(folder, spent, midnight + dt.timedelta(seconds=as_of), PEAK)
        row = _feed(folder, warehouse, midnight + dt.timedelta(seconds=tick), LATE).rows[1]
        if row["remaining_usd"] <= 0:
            break
        stated, seconds = row["worst_overshoot_usd"], row["blind_seconds"]
        while waiting and waiting[0][0] < tick + INTERVAL:
            through.append(waiting.pop(0))
    return sum((call[2] for call in through), Decimal(0)) - LIMIT, stated, seconds
