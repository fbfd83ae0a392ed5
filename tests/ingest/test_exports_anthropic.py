"""Anthropic's exports: cents to dollars exactly, every console header, no double counting."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import InputError
from ingest.sources.anthropic_exports import dollars
from tests.support.exports import ExportLake
from tests.support.usage import shared

DAY = "2026-10-05"
START, END = f"{DAY}T00:00:00Z", "2026-10-06T00:00:00Z"


def page(*results: dict[str, Any], **fields: Any) -> dict[str, Any]:
    bucket = {"starting_at": START, "ending_at": END, "results": list(results)}
    return {"data": [bucket], "has_more": False, "next_page": None, **fields}


def usage(**fields: Any) -> dict[str, Any]:
    return {
        "uncached_input_tokens": 100,
        "cache_read_input_tokens": 0,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens": 10,
        "server_tool_use": {"web_search_requests": 0},
        "workspace_id": None,
        "api_key_id": None,
        "model": "claude-opus-4-6",
        **fields,
    }


def cost(amount: Any, **fields: Any) -> dict[str, Any]:
    return {
        "amount": amount,
        "currency": "USD",
        "cost_type": "tokens",
        "workspace_id": None,
    } | fields


@pytest.mark.parametrize(
    ("cents", "usd"),
    [("123.45", "1.2345"), ("1", "0.01"), ("0.000000000000001", "0.00000000000000001")],
)
def test_cents_become_dollars_without_rounding(cents: str, usd: str) -> None:
    assert dollars(Decimal(cents)) == Decimal(usd)


def test_the_documented_usage_report_lands_as_its_meters(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    lake.land(
        "anthropic-usage", shared("fixtures", "anthropic", "admin_usage_report_messages.json")
    )
    assert lake.meters(dataset="messages", project_id="wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ") == {
        "input": 1500,
        "cache_read": 200,
        "cache_write_5m": 500,
        "cache_write_1h": 1000,
        "output": 500,
        "web_search": 10,
    }
    line = lake.rows()[0]
    assert line["service_tier"] == "standard"
    assert line["context_window"] == "0-200k"
    assert line["is_batch"] is False
    assert "user_01WCz1FkmYMm4gnmykNKUu3Q" not in str(lake.rows())


def test_the_documented_cost_report_is_in_cents(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    lake.land("anthropic-costs", shared("fixtures", "anthropic", "admin_cost_report.json"))
    [line] = lake.rows()
    expected = {
        "dataset": "cost_report",
        "amount": Decimal("1.2378912"),
        "currency": "USD",
        "line_item": "Claude Sonnet 4 Usage - Input Tokens",
        "model": "claude-opus-4-6",
        "service": "tokens",
        "token_type": "uncached_input_tokens",
        "meter": None,
        "bucket_key": "anthropic-costs|costs|anthropic||2025-08-01",
    }
    assert {name: line[name] for name in expected} == expected


def test_the_claude_code_report_is_an_estimate_and_names_nobody(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    name = "admin_usage_report_claude_code.json"
    lake.land("anthropic-usage", shared("fixtures", "anthropic", name))
    assert {row["dataset"] for row in lake.rows()} == {"claude_code"}
    assert lake.meters(model="claude-opus-4-8") == {
        "input": 45230, "cache_read": 8790, "cache_write_5m": 2340, "output": 12450,
    }  # fmt: skip
    assert lake.meters(model=None) == {"session": 15}
    assert lake.amount(model="claude-opus-4-8") == Decimal("1.86")
    assert lake.amount() == Decimal("2.28")
    assert "emaildomain" not in str(lake.rows())
    with pytest.raises(InputError, match="estimate"):
        lake.land("anthropic-costs", shared("fixtures", "anthropic", name))


def test_an_analytics_bucket_of_the_sdk_lands_with_its_list_price(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    name = "analytics_cost_bucket.sdk_instantiated.json"
    lake.land("anthropic-costs", shared("fixtures", "anthropic", name))
    [line] = lake.rows()
    assert (line["dataset"], line["amount"], line["list_amount"]) == (
        "analytics_costs", Decimal("1.2378912"), Decimal("1.5"),
    )  # fmt: skip
    assert line["tags"] == '{"product": "claude_code"}'


@pytest.mark.parametrize("report", ["cost", "usage"])
def test_groups_that_overlap_are_refused_with_their_bucket(tmp_path: Path, report: str) -> None:
    """Rows by ``rbac_group_id`` overlap: together they exceed what was charged."""
    lake = ExportLake(tmp_path)
    source = f"anthropic-{report}" + ("s" if report == "cost" else "")
    lake.land(source, shared("fixtures", "anthropic", f"analytics_{report}_report.json"))
    result = cost("100") if report == "cost" else usage()
    grouped = [{**result, "product": "chat", "rbac_group_id": group} for group in ("a", "b", None)]
    lake.land_new(source, "grouped.json", page(*grouped))
    assert lake.rows() == []
    assert {row["reason"] for row in lake.refused()} == {"overlapping_groups"}
    assert len(lake.refused()) == 4
    # the same report without the grouping lands
    lake.land_new(source, "total.json", page({**result, "product": "chat", "rbac_group_id": None}))
    assert len({row["line_id"] for row in lake.rows()}) == 1


def test_analytics_requests_are_requests_where_they_are_given(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    given = {**usage(), "product": "chat", "requests": 4}
    unknown = {**usage(model="claude-sonnet-5"), "product": "chat", "requests": None}
    lake.land_new("anthropic-usage", "a.json", page(given, unknown, organization_id="org_1"))
    assert lake.meters(dataset="analytics_usage", billing_account_id="org_1") == {
        "input": 200, "output": 20, "requests": 4,
    }  # fmt: skip


def test_null_is_the_default_workspace_only_where_the_report_is_grouped(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    grouped = page(usage(), usage(workspace_id="wrkspc_1", api_key_id="apikey_1"))
    lake.land_new("anthropic-usage", "grouped.json", grouped)
    assert {(row["project_id"], row["api_key_id"]) for row in lake.rows()} == {
        ("(default)", "(console)"),
        ("wrkspc_1", "apikey_1"),
    }
    lake.land_new("anthropic-usage", "total.json", page(usage(uncached_input_tokens=200)))
    assert {(row["project_id"], row["api_key_id"]) for row in lake.rows()} == {(None, None)}


_COMMON = "2026-10-05,Claude Opus 4.6,Prod,key-a,message,≤ 200k,input_no_cache,1.50"
COST_ROWS = {
    "2025-12": f"{_COMMON},token",
    "2026-03": f"{_COMMON},2.00,token,global,",
    "2026-08": f"{_COMMON},2.00,token,global,fast,apikey_1,active",
}


@pytest.mark.parametrize("generation", COST_ROWS)
def test_every_console_cost_header_lands(tmp_path: Path, generation: str) -> None:
    lake = ExportLake(tmp_path)
    name = f"console_cost_export.header_{generation}.csv"
    header = shared("fixtures", "anthropic", name).read_text().strip()
    lake.land_new("anthropic-costs", "costs.csv", f"{header}\n{COST_ROWS[generation]}\n")
    [line] = lake.rows()
    expected = {
        "dataset": "console_costs",
        "amount": Decimal("1.5"),
        "currency": "USD",
        "model": "Claude Opus 4.6",
        "token_type": "input_no_cache",
        "context_window": "≤ 200k",
        "service_tier": "message",
        "service": "token",
        "project_name": "Prod",
        "project_id": None,
        "api_key_name": "key-a",
        "api_key_id": "apikey_1" if generation == "2026-08" else None,
        "list_amount": None if generation == "2025-12" else Decimal(2),
        "speed": "fast" if generation == "2026-08" else None,
        "inference_geo": None if generation == "2025-12" else "global",
    }
    assert {name: line[name] for name in expected} == expected
    assert lake.notes == []


USAGE_ROWS = {
    "2025-06": "2026-10-05,claude-opus-4-6,key-a,Default,standard,100,20,30,40,50,6",
    "2026-03": "2026-10-05,claude-opus-4-6,key-a,Default,standard,≤ 200k,100,20,30,40,50,6,global,",
}


@pytest.mark.parametrize("generation", USAGE_ROWS)
def test_every_console_usage_header_lands(tmp_path: Path, generation: str) -> None:
    lake = ExportLake(tmp_path)
    name = f"console_usage_export.header_{generation}.csv"
    header = shared("fixtures", "anthropic", name).read_text().strip()
    lake.land_new("anthropic-usage", "usage.csv", f"{header}\n{USAGE_ROWS[generation]}\n")
    assert lake.meters(model="claude-opus-4-6", project_id="(default)", api_key_name="key-a") == {
        "input": 100,
        "cache_write_5m": 20,
        "cache_write_1h": 30,
        "cache_read": 40,
        "output": 50,
        "web_search": 6,
    }


def test_the_oldest_usage_csv_has_cache_writes_unsplit(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    header = (
        "usage_date_utc,model_version,api_key,workspace,usage_type,usage_input_tokens_no_cache,"
        "usage_input_tokens_cache_write,usage_input_tokens_cache_read,usage_output_tokens"
    )
    row = "2024-12-07,claude-3-5-sonnet-20241022,,,batch,5,6,7,8"
    lake.land_new("anthropic-usage", "usage.csv", f"{header}\n{row}\n")
    assert lake.meters(is_batch=True, api_key_id="(console)", project_id="(default)") == {
        "input": 5, "cache_write_5m": 6, "cache_read": 7, "output": 8,
    }  # fmt: skip


def test_the_console_csv_and_the_api_are_never_both_counted(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    lake.land_new("anthropic-costs", "api.json", page(cost("150.4", workspace_id="wrkspc_1")))
    header = "usage_date_utc,model,workspace,api_key,usage_type,token_type,cost_usd"
    row = "2026-10-05,Claude Opus 4.6,Prod,key-a,message,output,1.50"
    result = lake.land_new("anthropic-costs", "costs.csv", f"{header}\n{row}\n")
    assert result.rows_superseding == 1
    assert lake.amount() == Decimal("1.5")
    assert len(lake.rows(current=False)) == 2


def test_key_names_that_hold_people_land_without_them(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    header = "usage_date_utc,model,workspace,api_key,usage_type,token_type,cost_usd"
    names = ["claude_code_key_jane.doe_x1yz", "jane.doe@acme.com's key", "sk-ant-api03-abcdef123"]
    rows = [f"2026-10-05,Claude Opus 4.6,Prod,{name},message,output,1.50" for name in names]
    lake.land_new("anthropic-costs", "costs.csv", "\n".join([header, *rows]))
    assert {row["api_key_name"] for row in lake.rows()} == {
        "claude_code_key_x1yz", "[e-mail]'s key", "[key]",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("result", "reason", "field"),
    [
        (cost("12.3.4"), "bad_amount", "amount"),
        (cost(None), "missing_field", "amount"),
        (cost("$12"), "bad_amount", "amount"),
        (cost("1", currency="credits"), "bad_currency", "currency"),
        (cost("1", description={"text": "x"}), "wrong_type", "description"),
    ],
)
def test_a_broken_cost_row_goes_to_quarantine(
    tmp_path: Path, result: dict[str, Any], reason: str, field: str
) -> None:
    lake = ExportLake(tmp_path)
    landed = lake.land_new("anthropic-costs", "a.json", page(result, cost("100")))
    assert (landed.rows_read, landed.rows_landed, landed.rows_quarantined) == (2, 1, 1)
    [refused] = lake.refused()
    assert (refused["reason"], refused["field"]) == (reason, field)
    assert lake.amount() == 1


def test_usage_given_as_costs_lands_nothing(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    with pytest.raises(InputError, match="anthropic-usage"):
        lake.land_new("anthropic-costs", "a.json", page(usage()))
    with pytest.raises(InputError, match="anthropic-costs"):
        lake.land_new("anthropic-usage", "b.json", page(cost("1")))
    assert lake.rows() == []
