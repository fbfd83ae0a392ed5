"""What the engine makes of an adapter's records, whatever adapter it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingest.exports.people import PATTERNS, clean, cleaned_sql
from ingest.exports.records import InputFile, Line, Record, Refused
from ingest.exports.registry import SOURCES
from ingest.schemas import INVOICE_SOURCES, PROVIDER_SOURCES
from tests.support.exports import ExportLake

DAY = dt.datetime(2026, 10, 5, 23, 30, tzinfo=dt.UTC)


def line(row: int, **fields: Any) -> Line:
    values: dict[str, Any] = {
        "source_line": row + 1,
        "row_number": row,
        "dataset": "costs",
        "line_kind": "cost",
        "issuer": "acme",
        "period_start_at": DAY,
        "period_end_at": DAY + dt.timedelta(hours=1),
        "amount": Decimal(1),
        "currency": "USD",
    }
    return Line(**values | fields)


def refusal(row: int, field: str = "x") -> Refused:
    return Refused(source_line=row + 1, row_number=row, reason="wrong_type", field=field)


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ExportLake:
    """A lake whose source ``focus`` yields the records of ``lake.records``."""
    lake = ExportLake(tmp_path)

    def read(_: InputFile) -> Iterator[Record]:
        yield from getattr(lake, "records", [])

    monkeypatch.setattr("ingest.exports.delivery.reader_of", lambda _: read)
    return lake


def land(lake: ExportLake, *records: Record) -> Any:
    lake.records = records  # type: ignore[attr-defined]
    return lake.land_new("focus", "a.csv", repr(records))


def test_a_row_with_any_refusal_is_refused_whole_and_once(lake: ExportLake) -> None:
    result = land(lake, line(1), line(2), refusal(2), refusal(2, "y"), line(2), line(3), line(3))
    assert (result.rows_read, result.rows_landed, result.rows_quarantined) == (3, 2, 1)
    assert sorted(row["source_line"] for row in lake.rows()) == [2, 4, 4]
    [refused] = lake.refused()
    assert (refused["field"], refused["source_line"]) == ("x", 3)


def test_the_bucket_is_the_utc_day_of_the_period_start(lake: ExportLake) -> None:
    zone = dt.timezone(dt.timedelta(hours=-7))
    late = dt.datetime(2026, 10, 5, 23, 30, tzinfo=zone)
    land(lake, line(1), line(2, period_start_at=late, period_end_at=late + dt.timedelta(hours=1)))
    assert {row["bucket_key"] for row in lake.rows()} == {
        "focus|costs|acme||2026-10-05",
        "focus|costs|acme||2026-10-06",
    }


def test_tags_keep_scalars_and_drop_people(lake: ExportLake) -> None:
    tags = {
        "team": "search",
        "user_id": "u1",
        "owner_email": "jane@acme.com",
        "contact": "jane@acme.com",
        "share": Decimal("0.10"),
        "nested": {"a": 1},
        "active": True,
    }
    land(lake, line(1, tags=tags))
    [row] = lake.rows()
    assert row["tags"] == (
        '{"active": true, "contact": "[e-mail]", "share": "0.10", "team": "search"}'
    )


def test_a_number_too_large_for_the_lake_is_refused(lake: ExportLake) -> None:
    largest = Decimal("99999999999999999999.999999999999999999")
    result = land(lake, line(1, amount=largest), line(2, amount=Decimal("1e20")))
    assert (result.rows_landed, result.rows_quarantined) == (1, 1)
    assert [row["amount"] for row in lake.rows()] == [largest]
    [refused] = lake.refused()
    assert (refused["reason"], refused["field"]) == ("bad_amount", "amount")


def test_half_a_character_lands_escaped(lake: ExportLake) -> None:
    """JSON can escape half of a pair, which no UTF-8 text can hold."""
    result = land(lake, line(1, line_item="gpt \ud800"), refusal(2, "\ud800"))
    assert (result.rows_landed, result.rows_quarantined) == (1, 1)
    assert [row["line_item"] for row in lake.rows()] == ["gpt \\ud800"]
    assert lake.refused()[0]["field"] == "\\ud800"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("billed to jane.doe+x@mail.acme.co.uk today", "billed to [e-mail] today"),
        ("sk-ant-api03-AbCd_ef-123", "[key]"),
        ("AKIAIOSFODNN7EXAMPLE", "[key]"),
        ("by user-AbCd12345678", "by [user]"),
        ("claude_code_key_jane.doe_x1yz", "claude_code_key_x1yz"),
        ("risk-free task-force", "risk-free task-force"),
        ("gpt-4o-2024-08-06, input", "gpt-4o-2024-08-06, input"),
        ("user_id", "user_id"),
    ],
)
def test_people_and_keys_are_taken_out_of_text(text: str, expected: str) -> None:
    assert clean(text) == expected
    [(found,)] = duckdb.execute(
        f"select {cleaned_sql('t')} from (select ? as t)", [text]
    ).fetchall()
    assert found == expected
    assert len(PATTERNS) == 4


def test_every_source_has_its_table() -> None:
    assert set(SOURCES) == set(PROVIDER_SOURCES) | set(INVOICE_SOURCES)
