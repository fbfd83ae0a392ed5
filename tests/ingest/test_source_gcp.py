"""Google Cloud billing exports: nested credits, late rows, invoice months, exact floats."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.errors import InputError
from ingest.sources.gcp import read
from tests.support.bills import csv_file, json_file, lines, parquet_file, refused
from tests.support.usage import shared


def row(**more: Any) -> dict[str, Any]:
    """A Vertex AI row: 2,000,000 input tokens at $0.30 per million, 10 % credited."""
    plain: dict[str, Any] = {
        "billing_account_id": "01AB-CD",
        "invoice": {"month": "202611"},
        "cost_type": "regular",
        "service": {"id": "C7E2-9256-1C43", "description": "Vertex AI"},
        "sku": {"id": "FDAB", "description": "Gemini 2.5 Flash GA Text Input - Predictions"},
        "usage_start_time": "2026-11-01T06:00:00Z",
        "usage_end_time": "2026-11-01T07:00:00Z",
        "project": {"id": "prod-1", "number": "77", "name": "Prod", "labels": []},
        "labels": [{"key": "feature", "value": "search"}],
        "tags": [{"key": "env", "value": "prod"}, {"key": "feature", "value": "from-tag"}],
        "location": {"location": "us-central1", "region": "us-central1", "country": "US"},
        "export_time": "2026-11-01T11:22:33.456789Z",
        "cost": 0.6,
        "currency": "USD",
        "currency_conversion_rate": 1,
        "usage": {
            "amount": 2000000,
            "unit": "count",
            "amount_in_pricing_units": 2,
            "pricing_unit": "count",
        },
        "credits": [{"name": "CUD", "amount": -0.05}, {"name": "promo", "amount": -0.01}],
        "cost_at_list": "0.6",
    }
    return {name: value for name, value in (plain | more).items() if value is not None}


def test_a_row_with_its_nested_fields(tmp_path: Path) -> None:
    (line,) = lines(read, json_file(tmp_path / "b.json", [row()]))
    assert (line.issuer, line.dataset, line.line_kind) == ("google", "standard", "cost")
    assert (line.billing_account_id, line.project_id, line.project_name) == (
        "01AB-CD", "prod-1", "Prod",
    )  # fmt: skip
    assert line.period_start_at == dt.datetime(2026, 11, 1, 6, tzinfo=dt.UTC)
    assert line.period_end_at == dt.datetime(2026, 11, 1, 7, tzinfo=dt.UTC)
    assert (line.invoice_month, line.charge_category) == ("2026-11", "usage")
    assert (line.service, line.sku_id) == ("Vertex AI", "FDAB")
    assert line.line_item == "Gemini 2.5 Flash GA Text Input - Predictions"
    assert (line.quantity, line.unit) == (Decimal(2000000), "count")
    assert (line.pricing_quantity, line.pricing_unit) == (Decimal(2), "count")
    assert (line.amount, line.list_amount) == (Decimal("0.6"), Decimal("0.6"))
    assert (line.credit_amount, line.currency) == (Decimal("-0.06"), "USD")
    assert (line.region, line.tags) == ("us-central1", {"feature": "search", "env": "prod"})
    assert line.exported_at == dt.datetime(2026, 11, 1, 11, 22, 33, 456789, tzinfo=dt.UTC)


def test_the_digits_of_the_file_are_kept(tmp_path: Path) -> None:
    # what a FLOAT64 of 0.1 + 0.2 prints, and a number that no float holds
    text = json.dumps(row(cost="@")).replace('"@"', "0.30000000000000004")
    more = json.dumps(row(cost="@")).replace('"@"', "12345678901234.123456789")
    small = json.dumps(row(cost="@", credits=None)).replace('"@"', "1.5E-7")
    found = lines(read, json_file(tmp_path / "b.json", [text, more, small]))
    assert [line.amount for line in found] == [
        Decimal("0.30000000000000004"),
        Decimal("12345678901234.123456789"),
        Decimal("0.00000015"),
    ]
    assert found[2].credit_amount is None


def test_a_parquet_float_is_taken_at_its_shortest_text(tmp_path: Path) -> None:
    record = pa.struct([("id", pa.string()), ("description", pa.string())])
    credit = pa.list_(pa.struct([("name", pa.string()), ("amount", pa.float64())]))
    schema = pa.schema(
        [
            ("billing_account_id", pa.string()),
            ("cost_type", pa.string()),
            ("sku", record),
            ("usage_start_time", pa.timestamp("us", "UTC")),
            ("usage_end_time", pa.timestamp("us", "UTC")),
            ("export_time", pa.timestamp("ns", "UTC")),
            ("cost", pa.float64()),
            ("cost_at_list", pa.decimal128(38, 9)),
            ("currency", pa.string()),
            ("credits", credit),
        ]
    )
    at = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    stated = {
        "billing_account_id": "01AB-CD",
        "cost_type": "regular",
        "sku": {"id": "S", "description": "Gemini"},
        "usage_start_time": at,
        "usage_end_time": at + dt.timedelta(hours=1),
        "export_time": at,
        "cost": 0.1,
        "cost_at_list": Decimal("0.123456789"),
        "currency": "eur",
        "credits": [{"name": "a", "amount": -0.1}, {"name": "b", "amount": -0.2}],
    }
    (line,) = lines(read, parquet_file(tmp_path / "b.parquet", [stated], schema))
    assert (line.amount, line.currency) == (Decimal("0.1"), "EUR")
    assert line.credit_amount == Decimal("-0.3")  # as floats: -0.30000000000000004
    assert line.list_amount == Decimal("0.123456789")


def test_nanoseconds_are_cut_to_microseconds(tmp_path: Path) -> None:
    path = json_file(tmp_path / "b.json", [row(credits=None, labels=None, tags=None)])
    table = pa.Table.from_pylist([json.loads(path.read_text())])
    column = pa.array([1793491200_123456789], pa.timestamp("ns", "UTC"))
    at = table.column_names.index("export_time")
    pq.write_table(table.set_column(at, "export_time", column), tmp_path / "b.parquet")
    (line,) = lines(read, tmp_path / "b.parquet")
    assert line.family == "billing@2026-11-01T00:00:00.123456Z"


@pytest.mark.parametrize(
    ("more", "category"),
    [
        ({"cost_type": "tax"}, "tax"),
        ({"cost_type": "adjustment"}, "adjustment"),
        ({"cost_type": "rounding_error"}, "rounding"),
        ({"adjustment_info": {"id": "adj-1", "type": "PRICING"}}, "adjustment"),
        ({"cost_type": "tax", "adjustment_info": {"id": "adj-1"}}, "tax"),
        ({"sku": {"id": "C", "description": "Commitment v1: Vertex AI"}}, "commitment"),
        ({"adjustment_info": {"id": None}}, "usage"),
        ({"adjustment_info": {"id": ""}}, "usage"),
    ],
)
def test_categories(tmp_path: Path, more: dict[str, Any], category: str) -> None:
    (line,) = lines(read, json_file(tmp_path / "b.json", [row(**more)]))
    assert line.charge_category == category


def test_every_append_of_a_day_is_its_own_bucket(tmp_path: Path) -> None:
    late = row(export_time="2026-11-05T00:00:00Z", invoice={"month": "202610"})
    first, again, second = lines(read, json_file(tmp_path / "b.json", [row(), row(), late]))
    assert first.family == again.family == "billing@2026-11-01T11:22:33.456789Z"
    assert second.family == "billing@2026-11-05T00:00:00.000000Z"
    assert (first.period_start_at, first.dataset) == (second.period_start_at, second.dataset)
    assert second.invoice_month == "2026-10"  # Pacific time: still October's invoice


def test_the_detailed_table_states_the_price_and_what_it_is_for(tmp_path: Path) -> None:
    price = {"effective_price": 0.3, "pricing_unit_quantity": 1000000, "unit": "count"}
    detailed = row(price=price, resource={"name": "projects/prod-1/x"})
    found = lines(read, json_file(tmp_path / "b.json", [row(), detailed]))
    assert [line.dataset for line in found] == ["detailed", "detailed"]
    assert (found[1].unit_price, found[1].pricing_unit) == (Decimal("0.3"), "1000000 count")


def test_other_currencies_keep_their_rate(tmp_path: Path) -> None:
    stated = row(currency="JPY", currency_conversion_rate=154.25, cost=92.55, credits=[])
    (line,) = lines(read, json_file(tmp_path / "b.json", [stated]))
    assert (line.amount, line.currency) == (Decimal("92.55"), "JPY")
    assert (line.conversion_rate, line.credit_amount) == (Decimal("154.25"), None)


@pytest.mark.parametrize("separator", [".", "_"])
def test_a_flattened_csv_says_the_same(tmp_path: Path, separator: str) -> None:
    flat: dict[str, Any] = {}
    for name, value in row().items():
        if isinstance(value, dict):
            flat |= {f"{name}{separator}{key}": part for key, part in value.items()}
        else:
            flat[name] = json.dumps(value) if isinstance(value, list) else value
    flat["usage_start_time"] = "2026-11-01 06:00:00 UTC"
    flat.pop(f"project{separator}labels")
    nested = lines(read, json_file(tmp_path / "b.json", [row()]))
    assert lines(read, csv_file(tmp_path / "b.csv", [flat], bom=True))[0] == _at(nested[0], 2)


def _at(line: Any, source_line: int) -> Any:
    line.source_line = source_line
    return line


def test_services_that_are_no_model_land_too(tmp_path: Path) -> None:
    stated = row(
        service={"id": "95FF", "description": "Cloud Storage"},
        sku={"id": "E5F0", "description": "Standard Storage US Regional"},
        project={"id": "", "name": " "},
        labels=None,
        tags=None,
    )
    (line,) = lines(read, json_file(tmp_path / "b.json", [stated]))
    assert (line.service, line.project_id, line.tags) == ("Cloud Storage", None, None)


def test_what_does_not_fit_is_refused_by_name(tmp_path: Path) -> None:
    rows: list[dict[str, Any] | str] = [
        row(),
        row(cost="a lot"),
        row(cost=None),
        row(cost=True),
        row(usage_start_time="yesterday"),
        row(usage_end_time="2026-10-31T00:00:00Z"),
        row(cost_type="gift"),
        row(invoice={"month": "202613"}),
        row(credits=[{"name": "x"}]),
        row(credits=[{"amount": "x"}]),
        row(currency="credits"),
        row(sku={"id": "S", "description": ["x"]}),
        '{"billing_account_id": ',
        row(cost=1e20),
    ]
    assert refused(read, json_file(tmp_path / "b.json", rows)) == [
        (2, "bad_amount", "cost"),
        (3, "missing_field", "cost"),
        (4, "bad_amount", "cost"),
        (5, "bad_timestamp", "usage_start_time"),
        (6, "bad_timestamp", "usage_end_time"),
        (7, "unknown_category", "cost_type"),
        (8, "bad_timestamp", "invoice.month"),
        (9, "missing_field", "amount"),
        (10, "bad_amount", "amount"),
        (11, "bad_currency", "currency"),
        (12, "wrong_type", "sku.description"),
        (13, "malformed_json", ""),
        (14, "bad_amount", "cost"),
    ]


def test_another_kind_of_file_is_refused_with_the_missing_columns(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "b.csv", [{"billing_account_id": "1", "cost": "1"}])
    with pytest.raises(InputError, match="usage_start_time, usage_end_time, export_time, currency"):
        lines(read, path)
    with pytest.raises(InputError, match="required columns are missing: billing_account_id"):
        lines(read, json_file(tmp_path / "b.json", [{"model": "gpt-5"}]))


def test_the_documented_schema_is_covered() -> None:
    """Every column the adapter asks for is one the documentation names."""
    schema = json.loads(shared("fixtures", "google", "billing_export.schema.json").read_text())
    names = {column.split(" ")[0] for column in schema["standard"]}
    from ingest.sources.gcp import _RECORDS, _REQUIRED, _SCALARS

    documented = names | {"price"}
    assert set(_SCALARS) | set(_RECORDS) <= documented
    assert {first for first, *_ in _REQUIRED} <= documented
