"""Invoice lines: the documented columns and their synonyms, whole invoices or none."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ingest.cli import app
from ingest.errors import InputError
from tests.support.exports import ExportLake

SHORT_HEADER = "invoice_id,issuer,billing_month,line_number,line_category,amount,currency"
HEADER = (
    "invoice_id,issuer,billing_account_id,billing_month,issued_on,line_number,line_category,"
    "description,model,token_class,service_tier,quantity,unit,unit_price,amount,currency,"
    "booked_rate,functional_currency,reference_invoice_id,invoice_total,invoice_status"
)
LINES = [
    "INV-1,OpenAI,org-1,2026-10,2026-11-03,1,usage,GPT-4o input,gpt-4o,uncached_input,,5,"
    "1M tokens,2.50,12.50,usd,0.92,EUR,,11.00,issued",
    "INV-1,OpenAI,org-1,2026-10,2026-11-03,2,credit,Promo,,,,,,,-3.00,usd,0.92,EUR,,11.00,issued",
    "INV-1,OpenAI,org-1,2026-10,2026-11-03,3,VAT,VAT,,,,,,,1.50,usd,0.92,EUR,,11.00,issued",
]


def csv(*lines: str, header: str = HEADER) -> str:
    return "\n".join([header, *lines]) + "\n"


def test_an_invoice_lands_line_by_line(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    result = lake.land_new("invoices", "oct.csv", csv(*LINES))
    assert (result.rows_read, result.rows_landed) == (3, 3)
    first, credit, tax = sorted(lake.invoices(), key=lambda row: row["line_number"])
    expected = {
        "event_date": dt.date(2026, 10, 1),
        "invoice_id": "INV-1",
        "issuer": "openai",
        "billing_account_id": "org-1",
        "billing_month": "2026-10",
        "period_start_on": dt.date(2026, 10, 1),
        "period_end_on": dt.date(2026, 10, 31),
        "issued_on": dt.date(2026, 11, 3),
        "due_on": None,
        "invoice_status": "issued",
        "line_category": "usage",
        "meter": "input",
        "quantity": Decimal(5),
        "unit_price": Decimal("2.5"),
        "amount": Decimal("12.5"),
        "currency": "USD",
        "booked_rate": Decimal("0.92"),
        "functional_currency": "EUR",
        "invoice_total": Decimal(11),
        "bucket_key": "openai|INV-1",
        "is_current": True,
        "source_line": 2,
    }
    assert {name: first[name] for name in expected} == expected
    assert (credit["line_category"], credit["amount"]) == ("credit", Decimal(-3))
    assert tax["line_category"] == "tax"


def test_other_names_for_the_columns_are_understood(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    header = (
        "Invoice Number,Vendor,Period,Invoice Date,Line Type,Amount,Currency,FX Rate,Total,Status"
    )
    line = "A-7,Anthropic PBC,202610,2026-11-01,true-up,100,USD,0.9,100,Paid"
    lake.land_new("invoices", "a.csv", csv(line, header=header))
    [row] = lake.invoices()
    expected = {
        "invoice_id": "A-7",
        "issuer": "anthropic",
        "billing_month": "2026-10",
        "issued_on": dt.date(2026, 11, 1),
        "line_category": "commitment_true_up",
        "line_number": 1,
        "booked_rate": Decimal("0.9"),
        "invoice_total": Decimal(100),
        "invoice_status": "paid",
    }
    assert {name: row[name] for name in expected} == expected


@pytest.mark.parametrize(
    "month",
    [
        "2026-10", "202610", "2026-10-01", "2026/10", "10/2026", "Oct 2026", "october 2026",
        "Oct-2026",
    ],
)  # fmt: skip
def test_months_as_invoices_print_them(tmp_path: Path, month: str) -> None:
    lake = ExportLake(tmp_path)
    line = f"A-7,openai,{month},1,usage,5,USD"
    lake.land_new("invoices", "a.csv", csv(line, header=SHORT_HEADER))
    assert [row["billing_month"] for row in lake.invoices()] == ["2026-10"]


@pytest.mark.parametrize("month", ["2026-13", "13/2026", "Q3 2026", "Octember 2026", "2026-1-2"])
def test_no_month_is_guessed(tmp_path: Path, month: str) -> None:
    lake = ExportLake(tmp_path)
    line = f"A-7,openai,{month},1,usage,5,USD"
    result = lake.land_new("invoices", "a.csv", csv(line, header=SHORT_HEADER))
    assert (result.rows_landed, result.rows_quarantined) == (0, 1)


def test_a_corrected_invoice_supersedes_the_first_whole(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    lake.land_new("invoices", "a.csv", csv(*LINES))
    assert lake.land_new("invoices", "b/a.csv", csv(*LINES)).rows_duplicate == 3
    moved = [
        line.replace("2026-10,", "2026-09,").replace(",11.00,", ",9.50,") for line in LINES[:2]
    ]
    result = lake.land_new("invoices", "c.csv", csv(*moved))
    assert result.rows_superseding == 2
    # the invoice moved to another month: its old lines are current nowhere
    assert {(row["billing_month"], row["amount"]) for row in lake.invoices()} == {
        ("2026-09", Decimal("12.5")),
        ("2026-09", Decimal(-3)),
    }
    assert result.touched_dates == {"2026-09-01", "2026-10-01"}


def test_an_invoice_that_shrinks_sharply_is_refused(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    lake.land_new("invoices", "a.csv", csv(*LINES))
    small = LINES[0].replace("12.50", "1.00").replace("11.00", "1.00")
    with pytest.raises(InputError, match=r"INV-1 amount 11 -> 1.*--accept-smaller"):
        lake.land_new("invoices", "b.csv", csv(small))
    assert lake.land_new("invoices", "b.csv", csv(small), accept_smaller=True).rows_landed == 1


@pytest.mark.parametrize(
    ("line", "reason", "field"),
    [
        (LINES[0].replace("11.00", "15.00"), "contradicts_total", "invoice_total"),
        (LINES[0].replace("12.50,usd", "12.50,eur"), "contradicts_invoice", "currency"),
        (LINES[1].replace("-3.00", "3.00").replace(",2,c", ",1,c"), "contradicts_sign", "amount"),
        (LINES[0].replace("12.50,usd", '"1,250",usd'), "bad_amount", "amount"),
        (LINES[0].replace(",usage,", ",gift,"), "unknown_value", "line_category"),
        (LINES[0].replace("2026-10,", "2026-13,"), "bad_month", "billing_month"),
        (LINES[0].replace("0.92", "0"), "bad_amount", "booked_rate"),
        (LINES[0].replace(",1,usage", ",2,usage"), "contradicts_invoice", "line_number"),
    ],
)
def test_an_invoice_with_a_broken_line_is_refused_whole(
    tmp_path: Path, line: str, reason: str, field: str
) -> None:
    lake = ExportLake(tmp_path)
    whole = "INV-2,OpenAI,org-1,2026-10,,1,fee,Support,,,,,,,20,usd,,,,,"
    result = lake.land_new("invoices", "a.csv", csv(line, *LINES[1:], whole))
    assert (result.rows_read, result.rows_landed, result.rows_quarantined) == (4, 1, 3)
    assert [row["invoice_id"] for row in lake.invoices()] == ["INV-2"]
    reasons = {(row["reason"], row["field"]) for row in lake.refused()}
    assert (reason, field) in reasons
    assert reasons <= {(reason, field), ("invoice_incomplete", "invoice_id")}


def test_a_total_that_its_lines_do_not_reach_lands_as_stated(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    result = lake.land_new(
        "invoices", "a.csv", csv(*[line.replace("11.00", "15.00") for line in LINES])
    )
    assert (result.rows_read, result.rows_landed) == (3, 3)
    assert {row["invoice_total"] for row in lake.invoices()} == {Decimal(15)}


def test_missing_columns_are_named(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    with pytest.raises(InputError, match="Missing: amount, billing_month"):
        lake.land_new("invoices", "a.csv", "invoice_id,issuer,currency\nA,OpenAI,USD\n")


def test_several_currencies_and_issuers_stay_apart(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    lines = [
        "1,Google Cloud,,2026-10,,1,usage,,,,,,,,10,usd,,,,,",
        "1,Acme GmbH,,2026-10,,1,usage,,,,,,,,10,eur,,,,,",
    ]
    lake.land_new("invoices", "a.csv", csv(*lines))
    assert {(row["bucket_key"], row["currency"]) for row in lake.invoices()} == {
        ("google|1", "USD"),
        ("acme|1", "EUR"),
    }


def test_what_was_refused_is_said_with_line_field_and_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKENHOUSE_DATA", str(tmp_path / "data"))
    file = tmp_path / "bad.csv"
    file.write_text(csv(LINES[0], LINES[1].replace("-3.00", "3.00"), LINES[2]))
    said = CliRunner().invoke(app, ["invoices", str(file)]).output
    assert "bad.csv, line 3: quarantined as contradicts_sign (amount: 3.00)" in said
    assert "line 2: quarantined as invoice_incomplete (invoice_id: INV-1), and 1 more" in said
