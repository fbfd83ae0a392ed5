"""Files of every form and of none: JSON in all its layouts, CSV, Parquet, compressed, garbage."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from ingest.errors import InputError
from tests.support.exports import ExportLake, openai_cost, openai_page, unix

DAY, NEXT = "2026-10-05", "2026-10-06"
PAGES = [openai_page({DAY: [openai_cost(1, "x")]}), openai_page({NEXT: [openai_cost(2, "y")]})]
BUCKETS = [page["data"][0] for page in PAGES]
RESULTS = [
    {**bucket["results"][0], "start_time": bucket["start_time"], "end_time": bucket["end_time"]}
    for bucket in BUCKETS
]


def lines(documents: list[dict[str, Any]]) -> str:
    return "\n".join(map(json.dumps, documents)) + "\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("pages.json", json.dumps(PAGES)),
        ("pages.json", json.dumps(PAGES, indent=2)),
        ("page.json", json.dumps({**PAGES[0], "data": BUCKETS}, indent=4)),
        ("pages.ndjson", lines(PAGES)),
        ("buckets.jsonl", lines(BUCKETS)),
        ("results.ndjson", lines(RESULTS)),
        ("results.ndjson", "\ufeff" + lines(RESULTS).replace("\n", "\r\n\r\n")),
        ("pages.json.gz", gzip.compress(json.dumps(PAGES).encode(), mtime=0)),
        ("pages.ndjson.zst", zstandard.compress(lines(PAGES).encode())),
    ],
)
def test_every_layout_of_json_says_the_same(tmp_path: Path, name: str, content: Any) -> None:
    lake = ExportLake(tmp_path)
    result = lake.land_new("openai-costs", name, content)
    assert (result.rows_read, result.rows_landed) == (2, 2)
    assert {(str(row["event_date"]), row["amount"]) for row in lake.rows()} == {
        (DAY, Decimal(1)),
        (NEXT, Decimal(2)),
    }


def test_csv_and_parquet_of_a_table_say_the_same(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    header = "start_time,end_time,amount_value,amount_currency,line_item"
    row = f'{unix(DAY)},{unix(DAY) + 86400},1.25,usd,"gpt-4o, input ""x""\nnext line"'
    content = f"\ufeff{header}\r\n{row}\r\n\r\n".encode()
    lake.land_new("openai-costs", "a.csv.gz", gzip.compress(content))
    table = pa.table(
        {
            "start_time": [unix(DAY)],
            "end_time": [unix(DAY) + 86400],
            "amount_value": pa.array([Decimal("1.25")], pa.decimal128(20, 10)),
            "amount_currency": ["usd"],
            "line_item": ['gpt-4o, input "x"\nnext line'],
        }
    )
    pq.write_table(table, lake.files / "a.parquet")
    assert lake.land("openai-costs", lake.files / "a.parquet").rows_duplicate == 1


def test_a_parquet_double_is_its_shortest_text(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    table = pa.table({"start_time": [unix(DAY)], "end_time": [unix(DAY) + 86400],
                      "amount_value": [0.1], "amount_currency": ["usd"]})  # fmt: skip
    pq.write_table(table, lake.files / "a.parquet")
    lake.land("openai-costs", lake.files / "a.parquet")
    assert lake.amount() == Decimal("0.1")


def test_broken_lines_go_to_quarantine_with_their_text(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    broken = '{"amount": 1, "user_email": "jane@acme.com", "key": "sk-proj-abcdefgh"'
    content = broken + "\n" + lines(PAGES) + "[1, 2]\nnull\n"
    result = lake.land_new("openai-costs", "a.ndjson", content)
    # an array of two things that are no objects, and a null
    assert (result.rows_read, result.rows_landed, result.rows_quarantined) == (6, 2, 4)
    refused = lake.refused()
    assert {row["reason"] for row in refused} == {"malformed_json"}
    assert [row["source_line"] for row in refused] == [1, 4, 4, 5]
    assert refused[0]["raw_text"] == '{"amount": 1, "user_email": "[e-mail]", "key": "[key]"'


def test_quarantined_rows_keep_no_person(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    broken = openai_cost("x", "of jane@acme.com", user_id="user-AbCdEfGhIj", user_name="Jane Doe")
    lake.land_new("openai-costs", "a.json", openai_page({DAY: [broken]}))
    [refused] = lake.refused()
    assert refused["reason"] == "bad_amount"
    assert "[e-mail]" in refused["raw_text"]
    for person in ("jane@", "Jane Doe", "AbCdEfGhIj"):
        assert person not in str(refused)


def test_a_row_with_a_cell_too_many_is_refused(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    header = "start_time,end_time,amount_value,amount_currency"
    good = f"{unix(DAY)},{unix(DAY) + 86400},1,usd"
    content = f"{header}\n{good}\n{good},jane@acme.com\n"
    result = lake.land_new("openai-costs", "a.csv", content)
    assert (result.rows_landed, result.rows_quarantined) == (1, 1)
    [refused] = lake.refused()
    assert (refused["reason"], refused["source_line"]) == ("malformed_row", 3)
    assert "jane" not in str(refused)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("NaN", "bad_amount"),
        ("Infinity", "bad_amount"),
        ("1e400", "bad_amount"),
        ("123456789012345678901", "bad_amount"),
        ("1.234,56", "bad_amount"),
        ("1,234.56", "bad_amount"),
        ("0x10", "bad_amount"),
        ("１２", "bad_amount"),
        ([1], "bad_amount"),
        (True, "bad_amount"),
    ],
)
def test_what_is_no_amount_is_refused(tmp_path: Path, value: Any, reason: str) -> None:
    lake = ExportLake(tmp_path)
    lake.land_new("openai-costs", "a.json", openai_page({DAY: [openai_cost(value)]}))
    assert [row["reason"] for row in lake.refused()] == [reason]
    assert lake.rows() == []


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, 86400), (99_999_999_999, 1), ("soon", 1), (unix(DAY), unix(DAY)), (True, 1), (1.5, 2)],
)
def test_a_bucket_of_no_day_is_refused(tmp_path: Path, start: Any, end: Any) -> None:
    lake = ExportLake(tmp_path)
    bucket = {"start_time": start, "end_time": end, "results": [openai_cost(1)]}
    lake.land_new("openai-costs", "a.json", {"data": [bucket]})
    assert [row["reason"] for row in lake.refused()] == ["bad_timestamp"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.json", ""),
        ("empty.csv", ""),
        ("cut.json", json.dumps(PAGES[0], indent=2)[:150]),
        ("cut.json", json.dumps(PAGES[0])[:150]),
        ("nan.json", '{"data": NaN}'),
        ("text.json", "Service unavailable\nTry later\n"),
        ("number.json", "[1, 2, 3]"),
        ("deep.json", "[" * 100_000),
        ("latin.csv", "start_time,ende\xe4\n".encode("latin-1")),
        ("wrong.csv", "a,b\n1,2\n"),
        ("twice.csv", "start_time,start_time,amount_value\n1,2,3\n"),
        ("no.parquet", b"PAR1 but not really PAR1"),
        ("cut.json.gz", gzip.compress(json.dumps(PAGES).encode(), mtime=0)[:40]),
        ("cut.csv", 'start_time,end_time,amount_value\n1,"2,3\n'),
    ],
)
def test_garbage_is_one_clear_error_and_lands_nothing(
    tmp_path: Path, name: str, content: Any
) -> None:
    lake = ExportLake(tmp_path)
    with pytest.raises(InputError) as error:
        lake.land_new("openai-costs", name, content)
    assert error.value.exit_code == 2
    assert name in str(error.value)
    assert "\n" not in str(error.value)
    assert (lake.rows(), lake.refused()) == ([], [])
