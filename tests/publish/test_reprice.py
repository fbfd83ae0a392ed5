"""What history would cost under other seeds, against figures worked out by hand."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import typer
from typer.testing import CliRunner

from ingest.prices.seeds import read_seed, write_seed
from publish.reprice import RepriceError, RepriceLine, reprice, reprice_history
from tests.support.pricing import REPOSITORY, build_pricing_warehouse

SEEDS = REPOSITORY / "seeds" / "prices"
SEPTEMBER = datetime(2026, 9, 30, 23, 59, 59, tzinfo=UTC)
OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)

CALLS: list[dict[str, object]] = [
    # gpt-4o: $2.50 in, $1.25 cached, $10 out per million.
    {
        "provider": "openai",
        "model": "gpt-4o",
        "started_at": SEPTEMBER,
        "uncached_input_tokens": 1_000_000,
        "output_tokens": 100_000,
    },
    {
        "provider": "openai",
        "model": "gpt-4o",
        "project_id": "alpha",
        "started_at": OCTOBER,
        "uncached_input_tokens": 2_000_001,
        "cache_read_tokens": 3,
        "output_tokens": 7,
    },
    {
        "provider": "openai",
        "model": "our-own-model",
        "started_at": OCTOBER,
        "uncached_input_tokens": 1_000_000,
    },
    {
        "provider": "openrouter",
        "model": "x/unknown",
        "started_at": OCTOBER,
        "uncached_input_tokens": 10,
        "provider_cost_usd": Decimal("0.000123456789"),
    },
]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_pricing_warehouse(tmp_path_factory.mktemp("reprice"), CALLS)


def _ledger_total(warehouse: Path) -> Decimal:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        total: Decimal = connection.execute(
            "select sum(billed_cost_usd) from intermediate.int_calls_priced"
        ).fetchall()[0][0]
    return total


def _changes(lines: list[RepriceLine]) -> dict[tuple[str, str], Decimal]:
    return {(line.billing_month, line.model): line.delta_usd for line in lines if line.delta_usd}


def _contract(folder: Path, **values: str) -> Path:
    header = (SEEDS / "contract_prices.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    row = dict.fromkeys(header, "") | {"source": "offer", "checked_at": "2026-11-21"} | values
    write_seed(folder / "contract_prices.csv", header, [row])
    return folder


def test_unchanged_seeds_change_nothing_to_the_last_digit(warehouse: Path) -> None:
    lines = reprice_history(warehouse, SEEDS)
    # 2.5 + 1; 5.0000025 + 0.00000375 + 0.00007; and what the provider reported.
    by_hand = Decimal("3.5") + Decimal("5.00007625") + Decimal("0.000123456789")
    assert _changes(lines) == {}
    assert sum(line.repriced_usd for line in lines) == by_hand == _ledger_total(warehouse)
    assert [(line.billing_month, line.model, line.call_count) for line in lines] == [
        ("2026-09", "gpt-4o", 1),
        ("2026-10", "gpt-4o", 1),
        ("2026-10", "our-own-model", 1),
        ("2026-10", "x/unknown", 1),
    ]


def test_contract_of_one_project_changes_its_calls_from_its_day(
    warehouse: Path, tmp_path: Path
) -> None:
    seeds = _contract(
        tmp_path,
        provider="openai",
        model="gpt-4o",
        project_id="alpha",
        service_tier="*",
        meter="*",
        valid_from="2026-10-01",
        discount_share="0.1",
    )
    assert _changes(reprice_history(warehouse, seeds)) == {
        ("2026-10", "gpt-4o"): Decimal("-0.500007625")
    }


def test_list_change_in_a_deeper_folder_is_found(warehouse: Path, tmp_path: Path) -> None:
    rows = read_seed(SEEDS / "price_list.csv")
    for row in rows:
        if (row["provider"], row["model"], row["service_tier"]) == ("openai", "gpt-4o", "standard"):
            row["output_usd_per_million"] = "10.000001"
    write_seed(tmp_path / "prices" / "price_list.csv", list(rows[0]), rows)
    assert _changes(reprice_history(warehouse, tmp_path)) == {
        ("2026-09", "gpt-4o"): Decimal("0.0000001"),
        ("2026-10", "gpt-4o"): Decimal("0.000000000007"),
    }


def test_a_first_price_turns_unpriced_calls_into_cost(warehouse: Path, tmp_path: Path) -> None:
    aliases = read_seed(SEEDS / "model_aliases.csv")
    aliases.append(
        {
            "provider": "openai",
            "rule_order": "1",
            "and_group": "1",
            "match_kind": "equals",
            "pattern": "our-own-model",
            "price_provider": "openai",
            "price_model": "our-own-model",
            "origin": "hand",
        }
    )
    write_seed(tmp_path / "model_aliases.csv", list(aliases[0]), aliases)
    seeds = _contract(
        tmp_path,
        provider="openai",
        model="our-own-model",
        project_id="*",
        service_tier="standard",
        meter="input",
        valid_from="2026-01-01",
        usd_per_million="0.4",
    )
    lines = reprice_history(warehouse, seeds)
    assert _changes(lines) == {("2026-10", "our-own-model"): Decimal("0.4")}
    assert [(line.booked_unpriced_calls, line.repriced_unpriced_calls) for line in lines] == [
        (0, 0),
        (0, 0),
        (1, 0),
        (0, 0),
    ]


def test_booked_side_is_the_stored_ledger(warehouse: Path, tmp_path: Path) -> None:
    """A ledger that no longer follows from its prices shows up, even with unchanged seeds."""
    copy = tmp_path / warehouse.name
    shutil.copyfile(warehouse, copy)
    with duckdb.connect(str(copy)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.fct_costs_hourly as select provider, model,"
            " date_trunc('hour', started_at) as hour_at, 1 as call_count,"
            " case when pricing_status = 'unpriced' then 1 else 0 end as unpriced_call_count,"
            " billed_cost_usd from intermediate.int_calls_priced"
        )
    assert _changes(reprice_history(copy, SEEDS)) == {}
    with duckdb.connect(str(copy)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(
            "update marts.fct_costs_hourly set billed_cost_usd = billed_cost_usd + 0.000000000001"
            " where hour_at < timestamptz '2026-10-01 00:00:00+00'"
        )
        connection.execute("delete from marts.fct_costs_hourly where provider = 'openrouter'")
    assert _changes(reprice_history(copy, SEEDS)) == {
        ("2026-09", "gpt-4o"): Decimal("-0.000000000001"),
        ("2026-10", "x/unknown"): Decimal("0.000123456789"),
    }


def test_nothing_is_written(warehouse: Path) -> None:
    before = warehouse.read_bytes()
    reprice_history(warehouse, SEEDS)
    assert warehouse.read_bytes() == before


def test_unusable_seeds_are_refused(warehouse: Path, tmp_path: Path) -> None:
    with pytest.raises(RepriceError, match="not a folder"):
        reprice_history(warehouse, tmp_path / "absent")
    with pytest.raises(RepriceError, match="no price seed"):
        reprice_history(warehouse, tmp_path)
    (tmp_path / "contract_prices.csv").write_text("provider,model\nopenai,*\n", encoding="utf-8")
    with pytest.raises(RepriceError, match="lacks the column project_id"):
        reprice_history(warehouse, tmp_path)
    _contract(tmp_path, provider="openai", usd_per_million="cheap")
    with pytest.raises(RepriceError, match="does not fit"):
        reprice_history(warehouse, tmp_path)
    with pytest.raises(RepriceError, match="make build"):
        reprice_history(tmp_path / "warehouse.duckdb", SEEDS)


def _run(*arguments: str) -> tuple[int, str]:
    app = typer.Typer()
    app.command()(reprice)
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


def test_command_prints_changes_and_total(warehouse: Path, tmp_path: Path) -> None:
    seeds = _contract(
        tmp_path,
        provider="*",
        model="gpt-4o",
        project_id="*",
        service_tier="*",
        meter="output",
        valid_from="2026-01-01",
        discount_share="0.5",
    )
    given = ["--warehouse", str(warehouse), "--seeds", str(seeds)]
    code, text = _run(*given)
    assert code == 0
    assert [line.split() for line in text.splitlines()] == [
        ["month", "provider", "model", "calls", "booked_usd", "repriced_usd", "delta_usd"],
        ["2026-09", "openai", "gpt-4o", "1", "3.500000000000", "3.000000000000",
         "-0.500000000000"],
        ["2026-10", "openai", "gpt-4o", "1", "5.000076250000", "5.000041250000",
         "-0.000035000000"],
        ["total", "4", "8.500199706789", "8.000164706789", "-0.500035000000"],
        ["2", "further", "lines", "do", "not", "change"],
        ["unpriced", "calls:", "1", "booked,", "1", "repriced"],
    ]  # fmt: skip
    code, text = _run(*given, "--json")
    assert code == 0
    assert json.loads(text)["total"]["delta_usd"] == "-0.500035000000"
    assert _run("--warehouse", str(warehouse), "--seeds", str(tmp_path / "absent"))[0] == 2
