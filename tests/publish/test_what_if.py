"""A month on other models, as batch and under another contract, against figures by hand.

1000 tokens in, 100 out a call. gpt-4o-mini at 0.15 / 0.60 USD a million: 0.000150 + 0.000060 =
0.000210. gpt-4o at 2.50 / 10.00: 0.0025 + 0.0010 = 0.0035. Their batch prices are half of that.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import typer
from typer.testing import CliRunner

from publish.reprice import RepriceError
from publish.whatif.cli import what_if_command
from publish.whatif.replay import WhatIfLine, what_if
from tests.support.lake_factory import Lake, call
from tests.support.warehouse import build_lake, query

MINI = Decimal("0.000210")
LARGE = Decimal("0.003500")
REPORTED = Decimal("0.123456789012")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A month with a plain, a batch, a failed, an unpriced and a provider-reported call."""
    folder = tmp_path_factory.mktemp("whatif")
    acme, globex = {"tenant_id": "acme"}, {"tenant_id": "globex"}
    Lake(folder).land(
        [
            call("before", "2026-09-30 23:59", feature="chat", **acme),
            call("mini", "2026-10-01 00:00", feature="chat", **acme),
            call("large", "2026-10-02 09:00", feature="chat", model="gpt-4o", **acme),
            call("failed", "2026-10-02 09:00", feature="chat", outcome="error", **acme),
            call("batch", "2026-10-03 09:00", feature="digest", is_batch=True, **globex),
            call("mystery", "2026-10-04 09:00", feature="digest", model="no-such-9", **globex),
            call("told", "2026-10-31 23:59", feature="other", provider_cost_usd=REPORTED),
        ]
    )
    build_lake(folder, "fct_calls", "fct_call_charges", "fct_costs_hourly")
    return folder


def _lines(data: Path, **changes: tuple[str, ...]) -> dict[str, WhatIfLine]:
    lines = what_if(data / "warehouse.duckdb", "2026-10", **changes)  # type: ignore[arg-type]
    for line in lines:
        assert line.tried_usd == (
            line.booked_usd + line.delta_usd - line.lost_price_usd + line.found_price_usd
        )
    return {line.feature: line for line in lines}


def _deltas(lines: dict[str, WhatIfLine]) -> dict[str, Decimal]:
    return {feature: line.delta_usd for feature, line in lines.items() if line.delta_usd}


def test_nothing_changed_is_the_ledger_to_the_last_digit(data: Path) -> None:
    lines = _lines(data)
    assert {feature: line.booked_usd for feature, line in lines.items()} == {
        "chat": 2 * MINI + LARGE,
        "digest": MINI / 2,
        "other": REPORTED,
    }
    assert all(line.tried_usd == line.booked_usd for line in lines.values())
    assert (lines["digest"].booked_unpriced_calls, lines["digest"].tried_unpriced_calls) == (1, 1)
    ledger = query(
        data,
        "select sum(billed_cost_usd) from marts.fct_costs_hourly where event_date >= '2026-10-01'",
    )
    assert ledger == [(sum(line.tried_usd for line in lines.values()),)]


def test_a_model_swap_prices_the_same_tokens_on_the_other_model(data: Path) -> None:
    # Two plain calls and the batch call, at its batch price; what the provider reported was for
    # the model that was called, so the reported call is priced from the list too.
    assert _deltas(_lines(data, models=("gpt-4o-mini=gpt-4o",))) == {
        "chat": 2 * (LARGE - MINI),
        "digest": (LARGE - MINI) / 2,
        "other": LARGE - REPORTED,
    }


def test_swaps_do_not_chain_and_the_first_match_holds(data: Path) -> None:
    swaps = ("gpt-4o=gpt-4o-mini", "openai:gpt-4o-m*=openai:gpt-4o", "gpt-*=no-such-9")
    assert _deltas(_lines(data, models=swaps))["chat"] == LARGE - MINI


def test_a_lost_price_is_no_saving(data: Path) -> None:
    chat = _lines(data, models=("gpt-4o=no-such-9",))["chat"]
    assert (chat.delta_usd, chat.lost_price_usd, chat.tried_unpriced_calls) == (0, LARGE, 1)
    digest = _lines(data, models=("no-such-9=gpt-4o",))["digest"]
    assert (digest.delta_usd, digest.found_price_usd, digest.tried_unpriced_calls) == (0, LARGE, 0)


def test_batch_of_one_feature_and_of_all(data: Path) -> None:
    assert _deltas(_lines(data, batch=("chat",))) == {"chat": -(2 * MINI + LARGE) / 2}
    # The batch call stays as it is; the reported one is priced by the list.
    assert _deltas(_lines(data, batch=("all",))) == {
        "chat": -(2 * MINI + LARGE) / 2,
        "other": MINI / 2 - REPORTED,
    }


def test_a_contract_takes_its_percent_off_the_list(data: Path) -> None:
    assert _deltas(_lines(data, contracts=("openai:12.5",))) == {
        "chat": -(2 * MINI + LARGE) / 8,
        "digest": -MINI / 16,
        "other": MINI * 7 / 8 - REPORTED,
    }


def test_changes_add_up_call_by_call(data: Path) -> None:
    lines = _lines(data, models=("gpt-4o=gpt-4o-mini",), batch=("chat",), contracts=("openai:50%",))
    assert lines["chat"].tried_usd == 3 * MINI / 4


def test_other_price_seeds_are_tried_too(data: Path, tmp_path: Path) -> None:
    (tmp_path / "contract_prices.csv").write_text(
        "provider,model,project_id,service_tier,meter,valid_from,valid_to,usd_per_million,"
        "usd_per_thousand,discount_share,source,note,checked_at\n"
        "openai,gpt-4o,*,*,output,2026-10-01,,5,,,offer,,2026-11-21\n",
        encoding="utf-8",
    )
    lines = what_if(data / "warehouse.duckdb", "2026-10", seeds=tmp_path)
    assert {line.feature: line.delta_usd for line in lines if line.delta_usd} == {
        "chat": Decimal("-0.0005")
    }


def test_what_fits_nothing_is_refused(data: Path) -> None:
    for changes, message in [
        ({"models": ("gpt-4o",)}, "FROM=TO"),
        ({"models": ("gpt-4o-mni=gpt-4o",)}, "no call of the month is on gpt-4o-mni"),
        ({"batch": ("chta",)}, "no call of the month is of the feature chta"),
        ({"contracts": ("openai",)}, "PROVIDER:PERCENT"),
        ({"contracts": ("openai:101",)}, "PROVIDER:PERCENT"),
        ({"contracts": ("opnai:10",)}, "no price is known"),
    ]:
        with pytest.raises(RepriceError, match=message):
            _lines(data, **changes)
    with pytest.raises(RepriceError, match="make build"):
        what_if(data / "absent.duckdb", "2026-10")


def test_a_ledger_that_does_not_follow_from_its_prices_is_refused(
    data: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "warehouse.duckdb"
    copy.write_bytes((data / "warehouse.duckdb").read_bytes())
    with duckdb.connect(str(copy)) as connection:
        connection.execute(
            "update intermediate.int_call_costs_summed_hourly "
            "set billed_cost_usd = billed_cost_usd + 0.000000000001 where event_date = '2026-10-01'"
        )
    with pytest.raises(RepriceError, match="the ledger says"):
        what_if(copy, "2026-10")


def test_a_month_without_calls_has_no_lines(data: Path) -> None:
    assert what_if(data / "warehouse.duckdb", "2026-11") == []


def _run(data: Path, *arguments: str) -> tuple[int, str]:
    app = typer.Typer()
    app.command()(what_if_command)
    warehouse = ["--warehouse", str(data / "warehouse.duckdb")]
    result = CliRunner().invoke(app, [*warehouse, *arguments])
    return result.exit_code, result.output


def test_the_command_prints_what_changes_and_writes_nothing(data: Path) -> None:
    before = (data / "warehouse.duckdb").read_bytes()
    code, text = _run(data, "--month", "2026-10", "--model", "gpt-4o=no-such-9")
    assert code == 0
    *table, lost = text.splitlines()
    assert [line.split() for line in table] == [
        ["tenant_id", "feature", "call_count", "booked_usd", "tried_usd", "delta_usd"],
        ["acme", "chat", "3", "0.003920000000", "0.000420000000", "0.000000000000"],
        ["total", "6", "0.127481789012", "0.123981789012", "0.000000000000"],
        ["2", "further", "lines", "do", "not", "change"],
        ["unpriced", "calls:", "1", "booked,", "2", "as", "tried"],
    ]
    assert lost == "not in delta: 0.003500000000 booked lost its price, 0.000000000000 found one"
    code, text = _run(data, "--month", "2026-10", "--json")
    assert code == 0
    assert json.loads(text)["total"]["delta_usd"] == "0.000000000000"
    assert _run(data, "--month", "2026-1")[0] == 2
    assert (data / "warehouse.duckdb").read_bytes() == before
