"""OpenAI's exports: every endpoint and CSV lands as the right meters, to the last digit."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import InputError
from tests.support.exports import ExportLake, openai_cost, openai_page, openai_usage, unix
from tests.support.usage import shared

DAY = "2026-10-05"
COST_HEADER = (
    "start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,quantity,"
    "quantity_unit,line_item,user_id,api_key_id,project_id,organization_id,project_name,"
    "organization_name,user_email,api_source"
)
# by hand from the documented example of each endpoint
DOCUMENTED = {
    "completions": {
        "input": 450,  # 400 text + 50 image of the uncached 500; its audio is a meter of its own
        "input_audio": 50,
        "cache_read": 350,  # 300 text + 50 image
        "cache_read_audio": 50,
        "cache_write_5m": 100,
        "output": 450,
        "output_audio": 50,
        "requests": 5,
    },
    "embeddings": {"input": 16, "requests": 2},
    "moderations": {"moderation_input": 16, "requests": 2},
    "images": {"image": 2, "requests": 2},
    "audio_speeches": {"character": 45, "requests": 1},
    "audio_transcriptions": {"audio_second": 20, "requests": 1},
    "vector_stores": {"storage_byte": 1024},
    "code_interpreter_sessions": {"code_execution": 1},
    "file_search_calls": {"file_search": 2},
    "web_search_calls": {"web_search": 2, "tool_model_requests": 2},
}


@pytest.mark.parametrize("endpoint", DOCUMENTED)
def test_every_usage_endpoint_lands_as_its_meters(tmp_path: Path, endpoint: str) -> None:
    lake = ExportLake(tmp_path)
    lake.land("openai-usage", shared("fixtures", "openai", f"admin_usage_{endpoint}.json"))
    assert lake.meters(dataset=endpoint, issuer="openai") == DOCUMENTED[endpoint]
    [start] = {row["period_start_at"].isoformat() for row in lake.rows()}
    [end] = {row["period_end_at"].isoformat() for row in lake.rows()}
    assert (start, end) == ("2024-11-01T00:00:00+00:00", "2024-11-02T00:00:00+00:00")
    # a row that names its endpoint nowhere is still known by its fields
    assert {row["amount"] for row in lake.rows()} == {None}


def test_older_pages_state_uncached_input_as_the_difference(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    old = openai_usage(input_tokens=1000, input_cached_tokens=400, output_tokens=7)
    lake.land_new("openai-usage", "a.json", openai_page({DAY: [old]}))
    assert lake.meters() == {"input": 600, "cache_read": 400, "output": 7, "requests": 1}


def test_older_audio_that_holds_cached_audio_is_split(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    old = openai_usage(input_tokens=1000, input_cached_tokens=900, input_audio_tokens=150)
    lake.land_new("openai-usage", "a.json", openai_page({DAY: [old]}))
    # of the 100 uncached tokens all may be audio; the other 50 must have been cached
    assert lake.meters() == {
        "input_audio": 100, "cache_read": 850, "cache_read_audio": 50, "output": 10, "requests": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"input_uncached_tokens": 50, "input_cached_tokens": 40}, "input_tokens"),
        ({"input_cached_tokens": 101}, "input_tokens"),
        (
            {
                "input_uncached_tokens": 100,
                "input_text_tokens": 80,
                "input_audio_tokens": 10,
                "input_image_tokens": 5,
            },
            "input_text_tokens",
        ),
        ({"output_audio_tokens": 11}, "output_audio_tokens"),
    ],
)
def test_counts_that_contradict_their_total_are_refused(
    tmp_path: Path, fields: dict[str, int], field: str
) -> None:
    lake = ExportLake(tmp_path)
    page = openai_page({DAY: [openai_usage(**fields), openai_usage(model="gpt-4.1")]})
    result = lake.land_new("openai-usage", "a.json", page)
    assert (result.rows_read, result.rows_landed, result.rows_quarantined) == (2, 1, 1)
    [refused] = lake.refused()
    assert (refused["reason"], refused["field"]) == ("contradicts_total", field)


@pytest.mark.parametrize(
    ("fields", "reason", "field"),
    [
        ({"input_tokens": None}, "missing_field", "input_tokens"),
        ({"input_tokens": "many"}, "wrong_type", "input_tokens"),
        ({"input_tokens": 1.5}, "wrong_type", "input_tokens"),
        ({"input_tokens": True}, "wrong_type", "input_tokens"),
        ({"output_tokens": -1}, "negative_count", "output_tokens"),
        ({"model": {"id": "gpt-4o"}}, "wrong_type", "model"),
        ({"batch": "sometimes"}, "wrong_type", "batch"),
    ],
)
def test_a_broken_row_goes_to_quarantine_with_its_reason(
    tmp_path: Path, fields: dict[str, Any], reason: str, field: str
) -> None:
    lake = ExportLake(tmp_path)
    result = lake.land_new("openai-usage", "a.json", openai_page({DAY: [openai_usage(**fields)]}))
    assert (result.rows_read, result.rows_quarantined) == (1, 1)
    [refused] = lake.refused()
    assert (refused["reason"], refused["field"]) == (reason, field)
    assert lake.rows() == []


def test_unknown_fields_are_noted_once_and_land_nothing(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    page = openai_page({DAY: [openai_usage(tier_hint="x"), openai_usage(tier_hint="y")]})
    lake.land_new("openai-usage", "a.json", page)
    assert [note for note in lake.notes if "tier_hint" in note] == lake.notes
    assert len(lake.notes) == 1
    assert lake.meters()["requests"] == 2


def test_amounts_as_number_and_as_text_are_the_same_money(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    lake.write("a.json", "")
    text = json.dumps(openai_page({DAY: [openai_cost("0.1"), openai_cost("0.2", "x")]}))
    # 0.1 + 0.2 as float is 0.30000000000000004; a number keeps its digits, too
    page = text.replace('"0.2"', "0.200000000000000001")
    lake.land_new("openai-costs", "a.json", page)
    assert lake.amount(currency="USD") == Decimal("0.300000000000000001")


def test_thirty_decimals_are_rounded_half_even_and_told(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    rows = [
        f"{unix(DAY)},{unix(DAY) + 86400},,,{value},usd,,,{item},user-AbCdEfGh1234,,proj_1,org-1,"
        "Prod,Acme,jane@acme.com,"
        for item, value in [
            ("a", "0.000000000000000000500000000000"),  # half way down to the even 0
            ("b", "0.000000000000000001500000000000"),  # half way up to the even 2
            ("c", "1.234567890123456789000000000000"),  # exact: no rounding
        ]
    ]
    lake.land_new("openai-costs", "costs.csv", "\ufeff" + "\r\n".join([COST_HEADER, *rows]))
    assert {row["line_item"]: row["amount"] for row in lake.rows()} == {
        "a": Decimal("0E-18"),
        "b": Decimal("2E-18"),
        "c": Decimal("1.234567890123456789"),
    }
    assert lake.notes == [
        "2 numbers have more decimals than the lake keeps; they were rounded half-even"
    ]


def test_a_dashboard_row_lands_whole_but_its_people(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    row = (
        f"{unix(DAY)},{unix(DAY) + 86400},2026-10-05T00:00:00+00:00,,12.50,usd,4,1000_tokens,"
        '"gpt-4o-2024-08-06, input",user-AbCdEfGh1234,key_1,proj_1,org-1,Prod,Acme,'
        "jane@acme.com,responses"
    )
    lake.land_new("openai-costs", "costs.csv", f"{COST_HEADER}\n{row}\n")
    [line] = lake.rows()
    expected = {
        "dataset": "dashboard_costs",
        "line_kind": "cost",
        "charge_category": "usage",
        "billing_account_id": "org-1",
        "billing_account_name": "Acme",
        "project_id": "proj_1",
        "project_name": "Prod",
        "api_key_id": "key_1",
        "line_item": "gpt-4o-2024-08-06, input",
        "quantity": Decimal(4),
        "unit": "1000_tokens",
        "amount": Decimal("12.5"),
        "currency": "USD",
        "meter": None,
        "tags": '{"api_source": "responses"}',
        "bucket_key": "openai-costs|costs|openai|org-1|2026-10-05",
        "is_current": True,
        "source_line": 2,
    }
    assert {name: line[name] for name in expected} == expected
    assert "jane" not in str(line)
    assert "AbCdEfGh1234" not in str(line)


def test_columns_that_are_not_grouped_by_may_be_absent(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    header = "start_time,end_time,amount_value,amount_currency"
    row = f"{unix(DAY)},{unix(DAY) + 86400},3.10,usd"
    lake.land_new("openai-costs", "costs.csv", f"{header}\n{row}\n")
    [line] = lake.rows()
    assert (line["amount"], line["project_id"], line["line_item"]) == (Decimal("3.1"), None, None)


def test_days_without_amount_state_nothing(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    empty = f"{unix(DAY)},{unix(DAY) + 86400}" + "," * 15
    broken = f'{unix(DAY)},{unix(DAY) + 86400},,,,usd,,,"gpt-4o, input"' + "," * 8
    result = lake.land_new("openai-costs", "c.csv", f"{COST_HEADER}\n{empty}\n{broken}\n")
    assert (result.rows_read, result.rows_landed, result.rows_quarantined) == (1, 0, 1)
    [refused] = lake.refused()
    assert (refused["reason"], refused["field"]) == ("missing_field", "amount_value")
    assert refused["source_line"] == 3


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("openai-usage", "dashboard_completions_usage_export.header_empty.csv"),
        ("openai-costs", "dashboard_cost_export.header_2026-09.csv"),
        ("openai-usage", "legacy_activity_export.header.csv"),
    ],
)
def test_an_export_of_nothing_but_its_header_is_no_error(
    tmp_path: Path, source: str, name: str
) -> None:
    lake = ExportLake(tmp_path)
    result = lake.land(source, shared("fixtures", "openai", name))
    assert (result.rows_read, result.rows_landed) == (0, 0)
    assert lake.refused() == []


def test_the_dashboard_usage_csv_states_what_the_api_states(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    header = (
        "start_time,end_time,start_time_iso,end_time_iso,project_id,num_model_requests,user_id,"
        "model,batch,input_tokens,output_tokens,input_cached_tokens"
    )
    row = f"{unix(DAY)},{unix(DAY) + 86400},,,proj_1,3,user-AbCdEfGh1234,gpt-4o,False,90,8,40"
    empty = f"{unix(DAY) + 86400},{unix(DAY) + 2 * 86400}" + "," * 10
    result = lake.land_new("openai-usage", "completions_usage.csv", f"{header}\n{row}\n{empty}\n")
    assert result.rows_read == 1
    assert lake.meters(project_id="proj_1", model="gpt-4o", is_batch=False) == {
        "input": 50, "cache_read": 40, "output": 8, "requests": 3,
    }  # fmt: skip
    # the same day from the API supersedes it: never both
    page = openai_page({DAY: [openai_usage(input_tokens=90, output_tokens=8, project_id="proj_1")]})
    assert lake.land_new("openai-usage", "page.json", page).rows_superseding == 1
    assert lake.meters() == {"input": 90, "output": 8, "requests": 1}


def test_the_legacy_activity_export_lands_without_its_users(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    header = shared("fixtures", "openai", "legacy_activity_export.header.csv").read_text().strip()
    rows = [
        f"org-1,7,completion,1000,50,text,gpt-4-0613,{unix('2023-11-02')},jane@acme.com",
        f"org-1,2,embeddings,64,0,text,text-embedding-ada-002,{unix('2023-11-02') + 300},j@x.io",
    ]
    lake.land_new("openai-usage", "activity.csv", "\n".join([header, *rows]))
    assert lake.meters(model="gpt-4-0613") == {"input": 1000, "output": 50, "requests": 7}
    assert lake.meters(model="text-embedding-ada-002") == {"input": 64, "requests": 2}
    keys = {row["bucket_key"] for row in lake.rows()}
    assert keys == {
        "openai-usage|completions|openai|org-1|2023-11-02",
        "openai-usage|embeddings|openai|org-1|2023-11-02",
    }
    ends = {row["model"]: row["period_end_at"].isoformat() for row in lake.rows()}
    assert ends["gpt-4-0613"] == "2023-11-03T00:00:00+00:00"
    assert ends["text-embedding-ada-002"] == "2023-11-02T00:10:00+00:00"
    assert "jane" not in str(lake.rows())


def test_a_result_without_its_bucket_has_no_day(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    bare = shared("fixtures", "openai", "admin_costs_result_with_quantity_unit.json")
    assert lake.land("openai-costs", bare).rows_quarantined == 1
    [refused] = lake.refused()
    assert (refused["reason"], refused["field"]) == ("missing_field", "start_time")
    lake.land_new("openai-costs", "p.json", openai_page({DAY: [json.loads(bare.read_text())]}))
    [line] = lake.rows()
    assert (line["amount"], line["quantity"], line["unit"], line["line_item"]) == (
        Decimal("0.06"), 10000, "tokens", "input_tokens",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("source", "content", "said"),
    [
        ("openai-usage", openai_page({DAY: [openai_cost(1)]}), "openai-costs"),
        ("openai-costs", openai_page({DAY: [openai_usage()]}), "openai-usage"),
        ("openai-costs", {"error": {"message": "invalid key"}}, "unknown shape"),
        ("openai-usage", {"data": [{"id": "batch_1"}]}, "unknown shape"),
    ],
)
def test_pages_of_something_else_land_nothing(
    tmp_path: Path, source: str, content: Any, said: str
) -> None:
    lake = ExportLake(tmp_path)
    with pytest.raises(InputError, match=said) as refusal:
        lake.land_new(source, "page.json", content)
    assert refusal.value.exit_code == 2
    assert lake.rows() == []
