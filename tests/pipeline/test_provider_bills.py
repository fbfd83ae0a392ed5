"""What providers bill, from hand-made raw lines to the monitors; sums done by hand.

gpt-4o-mini costs 0.15 / 0.60 USD a million tokens in / out, half of it in batch; gpt-4o costs
2.50 / 10.00. A day of the stable company: 200 calls of 1,000 in and 100 out of gpt-4o-mini.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.dbt_runner import run_dbt
from pipeline.plan import plan_full, write_touched_dates
from pipeline.seeds import PROJECT_SEEDS
from pipeline.settings import Settings
from tests.support.lake_factory import Lake, Row, call
from tests.support.provider_factory import Bills, cost, invoice, usage
from tests.support.warehouse import build_lake, manifest, query

ENDS = (
    "fct_implied_prices_daily",
    "fct_invoice_bridge_monthly",
    "fct_invoices_monthly",
    "fct_log_coverage_daily",
    "fct_provider_costs_daily",
    "fct_provider_skus",
    "fct_provider_sources_daily",
)

MINI = "gpt-4o-mini-2024-07-18"
LARGE = "gpt-4o-2024-08-06"
DAYS = [f"2026-10-{day:02d}" for day in range(1, 13)]
CHANGED = "2026-10-09"


def _costs(day: str, account: str, *, share: str = "1", mini_share: str = "1") -> list[Row]:
    """A day's four cost lines at `share` of the list price, gpt-4o-mini's also at its own."""
    of_all, of_mini = Decimal(share), Decimal(share) * Decimal(mini_share)
    lines = [
        (f"{MINI}, input", Decimal("0.030") * of_mini, 200_000),
        (f"{MINI}, output", Decimal("0.012") * of_mini, 20_000),
        (f"{LARGE}, input", Decimal("2.5") * of_all, 1_000_000),
        (f"{LARGE}, output", Decimal("1") * of_all, 100_000),
    ]
    return [
        cost(
            day,
            item,
            str(amount),
            quantity=quantity,
            unit="tokens",
            billing_account_id=account,
            project_id=f"proj-{account}",
        )
        for item, amount, quantity in lines
    ]


def _company(changed: bool, day: str) -> Iterable[Row]:
    """Accounts that each do one thing from the ninth on; before, all pay the list price."""
    yield from _costs(day, "stable")
    yield from _costs(day, "discounted", share="0.9" if changed else "1")
    yield from _costs(day, "raised", mini_share="1.2" if changed else "1")
    yield from _costs(day, "thousandfold", mini_share="1000" if changed else "1")
    yield from _costs(day, "hundredfold", mini_share="100" if changed else "1")
    # 40 % of the tokens in batch at half price, on one line: 0.8 of the price.
    yield from _costs(day, "mixed", mini_share="0.8" if changed else "1")
    standard = 120_000 if changed else 200_000
    mixed: dict[str, Any] = {"billing_account_id": "mixed", "project_id": "proj-mixed"}
    yield usage(day, "input", standard, service_tier="default", **mixed)
    yield usage(day, "output", standard // 10, service_tier="default", **mixed)
    if changed:
        yield usage(day, "input", 80_000, is_batch=True, **mixed)
        yield usage(day, "output", 8_000, is_batch=True, **mixed)


@pytest.fixture(scope="module")
def billed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve days of six accounts, one account stated three times, and an invoice."""
    data = tmp_path_factory.mktemp("billed")
    Lake(data).land(
        call(f"{day}-{number}", f"{day} 10:00", project_id="proj-stable")
        for day in DAYS
        for number in range(3 if day == CHANGED else 30)
    )
    bills = Bills(data)
    lines: list[Row] = [row for day in DAYS for row in _company(day >= CHANGED, day)]
    stable: dict[str, Any] = {"billing_account_id": "stable", "project_id": "proj-stable"}
    lines += [usage(day, "requests", 30, **stable) for day in DAYS]
    # The same day of the stable account once more from the dashboard and as FOCUS.
    again: dict[str, Any] = {"billing_account_id": "stable", "project_id": "proj-stable"}
    lines += [
        cost(DAYS[0], f"{LARGE}, input", "2.5", dataset="dashboard_costs", **again),
        cost(DAYS[0], None, "3.542", source="focus", dataset="focus_1.2", **again),
        cost(DAYS[0], "Riddle of a line", "0.25", **again),
        cost(DAYS[0], None, "0.5", charge_category="tax", **again),
    ]
    # Anthropic's bill states no quantities, its usage report does: 2 million at 5 dollars.
    opus: dict[str, Any] = {
        "issuer": "anthropic",
        "billing_account_id": "claude",
        "model": "claude-opus-4-6",
        "token_type": "uncached_input_tokens",
        "inference_geo": "global",
    }
    by_api = {"source": "anthropic-usage", "dataset": "messages"} | opus
    by_bill = {"source": "anthropic-costs", "dataset": "cost_report"} | opus
    for day, amount in ((DAYS[0], "10"), (CHANGED, "12")):
        lines += [usage(day, "input", 2_000_000, **by_api), cost(day, None, amount, **by_bill)]
    bills.land(lines, landed_at=dt.datetime(2026, 10, 20, tzinfo=dt.UTC))
    bills.land([invoice(1, "42.504")])
    build_lake(data, *ENDS)
    return data


def _findings(data: Path, account: str) -> list[tuple[Any, ...]]:
    return query(
        data,
        "select cast(min(usage_date) as varchar), model, finding, "
        "cast(min(first_seen_date) as varchar) from marts.fct_implied_prices_daily "
        f"where billing_account_id = '{account}' and finding != 'match' "
        "group by model, finding order by model, finding",
    )


def test_a_stable_account_has_no_finding(billed: Path) -> None:
    assert _findings(billed, "stable") == []
    found = query(
        billed,
        "select count(*), min(implied_ratio), max(implied_ratio) "
        "from marts.fct_implied_prices_daily where billing_account_id = 'stable'",
    )
    assert found == [(48, Decimal("1.0000"), Decimal("1.0000"))]


@pytest.mark.parametrize(
    ("account", "model", "finding"),
    [
        ("raised", "gpt-4o-mini", "price_change"),
        ("thousandfold", "gpt-4o-mini", "unit_error"),
        ("hundredfold", "gpt-4o-mini", "unit_error"),
        ("mixed", "gpt-4o-mini", "tier_mix"),
    ],
)
def test_a_change_is_named_the_day_it_lands(
    billed: Path, account: str, model: str, finding: str
) -> None:
    assert _findings(billed, account) == [(CHANGED, model, finding, CHANGED)]


def test_a_bill_without_quantities_is_compared_with_usage(billed: Path) -> None:
    assert _findings(billed, "claude") == [
        (CHANGED, "claude-opus-4-6", "price_change", CHANGED),
    ]


def test_a_discount_takes_the_same_share_off_every_model(billed: Path) -> None:
    assert _findings(billed, "discounted") == [
        (CHANGED, "gpt-4o", "discount", CHANGED),
        (CHANGED, "gpt-4o-mini", "discount", CHANGED),
    ]


def test_a_day_stated_three_times_is_counted_once(billed: Path) -> None:
    rows = query(
        billed,
        "select sum(cost) from marts.fct_provider_costs_daily "
        f"where billing_account_id = 'stable' and usage_date = date '{DAYS[0]}' "
        "and charge_category = 'usage' and meter != 'unparsed'",
    )
    assert rows == [(Decimal("3.542000000000"),)]
    origins = query(
        billed,
        "select origin, is_chosen from marts.fct_provider_sources_daily "
        "where billing_account_id = 'stable' and line_kind = 'cost' "
        f"and usage_date = date '{DAYS[0]}' order by origin",
    )
    assert origins == [
        ("focus export", False),
        ("openai costs api", True),
        ("openai dashboard costs", False),
    ]


def test_what_nobody_understands_is_visible(billed: Path) -> None:
    rows = query(
        billed,
        "select line_item, meter, cost from marts.fct_provider_skus "
        "where meter in ('unparsed', '(not usage)') and cost is not null order by meter",
    )
    assert rows == [
        (None, "(not usage)", Decimal("0.500000000000")),
        ("Riddle of a line", "unparsed", Decimal("0.250000000000")),
    ]


def test_a_broken_log_is_not_fallen_traffic(billed: Path) -> None:
    rows = query(
        billed,
        "select cast(usage_date as varchar), measure, logged_call_count, verdict "
        "from marts.fct_log_coverage_daily "
        "where billing_account_id = 'stable' and verdict != 'ok'",
    )
    assert rows == [(CHANGED, "requests", Decimal(3), "log_broke")]


def test_bills_restate_no_call(billed: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(billed, data)
    Bills(data).land(_costs("2026-10-13", "stable"))
    report = build_lake(data, *ENDS)
    assert (report.plan.full_because, report.plan.dates) == (None, ())
    assert query(
        data,
        "select sum(cost) from marts.fct_provider_costs_daily where usage_date = date '2026-10-13'",
    ) == [(Decimal("3.542000000000"),)]


def test_closing_a_month_is_news_to_the_build(billed: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(billed, data)
    assert build_lake(data, *ENDS).dbt is None
    Bills(data).close_month("2026-10", "2026-11-05 09:00", "first close")
    assert build_lake(data, *ENDS).dbt is not None
    rows = query(data, "select billing_month, reason from lake.month_closes")
    assert rows == [("2026-10", "first close")]
    assert build_lake(data, *ENDS).dbt is None


FAULTS = {
    "a cost lost": (
        "assert_every_cost_line_is_in_one_cell",
        "delete from marts.fct_provider_costs_daily where meter = 'unparsed'",
    ),
    "a cost doubled": (
        "assert_every_cost_line_is_in_one_cell",
        "insert into marts.fct_provider_costs_daily "
        "select * from marts.fct_provider_costs_daily where meter = 'unparsed'",
    ),
    "a cent more": (
        "assert_every_cost_line_is_in_one_cell",
        "update marts.fct_provider_costs_daily set cost = cost + 0.01 where meter = 'unparsed'",
    ),
    "an origin not shown": (
        "assert_every_cost_line_is_in_one_cell",
        "delete from marts.fct_provider_sources_daily where not is_chosen",
    ),
    "both origins chosen": (
        "assert_every_cost_line_is_in_one_cell",
        "update marts.fct_provider_sources_daily set is_chosen = true",
    ),
    "usage lost": (
        "assert_provider_usage_is_counted_once",
        "delete from marts.fct_provider_usage_daily where service_tier = 'batch'",
    ),
    "usage in thousands": (
        "assert_provider_usage_is_counted_once",
        "update marts.fct_provider_usage_daily set quantity = quantity * 1000",
    ),
    "unparsed money hidden": (
        "assert_unparsed_cost_is_visible",
        "delete from marts.fct_provider_skus where meter = 'unparsed'",
    ),
    "a rule that does not match its example": (
        "assert_sku_rules_match_their_examples",
        "update seeds.sku_rules set example = 'nothing of the kind' where rule_order = 10 "
        "and target = 'context_tier' and grammar = 'openai'",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_fault_is_found(fault: str, billed: Path, tmp_path: Path) -> None:
    test, planting = FAULTS[fault]
    settings = Settings(data=tmp_path)
    settings.workshop.mkdir()
    shutil.copyfile(billed / "warehouse.duckdb", settings.draft)
    with duckdb.connect(str(settings.draft)) as connection:
        write_touched_dates(connection, plan_full(connection, "planted fault"))
    assert _run(settings, test) == ["pass"], "the test must pass before the fault is planted"
    with duckdb.connect(str(settings.draft)) as connection:
        connection.execute(planting)
    assert _run(settings, test) == ["fail"]


def _run(settings: Settings, test: str) -> list[str]:
    result = run_dbt(settings, ["test", "--select", test], PROJECT_SEEDS, manifest())
    return [node.status for node in result.nodes]
