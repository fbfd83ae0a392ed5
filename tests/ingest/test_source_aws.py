"""AWS cost and usage reports: charge types, principals, tags, billing periods."""

from __future__ import annotations

import csv
import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ingest.errors import InputError
from ingest.sources.aws import principal_name, read
from tests.support.bills import csv_file, lines, parquet_file, refused
from tests.support.usage import shared

INPUT = "USW2-Claude4.6Sonnet-input-tokens"


def row(**more: Any) -> dict[str, Any]:
    """29.481 thousand input tokens at $0.0033."""
    return {
        "bill_bill_type": "Anniversary",
        "bill_billing_period_start_date": "2026-10-01T00:00:00Z",
        "bill_invoice_id": "2100042",
        "bill_payer_account_id": "111122223333",
        "bill_payer_account_name": "Acme",
        "line_item_currency_code": "USD",
        "line_item_iam_principal": "arn:aws:sts::444455556666:assumed-role/ChatApp/jo@acme.test",
        "line_item_line_item_type": "Usage",
        "line_item_product_code": "AmazonBedrock",
        "line_item_unblended_cost": "0.0972873",
        "line_item_unblended_rate": "0.0033",
        "line_item_usage_account_id": "444455556666",
        "line_item_usage_account_name": "prod",
        "line_item_usage_amount": "29.481",
        "line_item_usage_end_date": "2026-10-02T01:00:00Z",
        "line_item_usage_start_date": "2026-10-02T00:00:00Z",
        "line_item_usage_type": INPUT,
        "pricing_public_on_demand_cost": "0.0972873",
        "pricing_unit": "1K tokens",
        "product": '{"region_code": "us-west-2", "model": "Claude Sonnet 4.6"}',
        "product_sku": "SKU1",
        "tags": '{"project": "data-science", "iamPrincipal/name": "jo"}',
    } | more


def test_a_line_with_what_it_says(tmp_path: Path) -> None:
    (line,) = lines(read, csv_file(tmp_path / "cur.csv", [row()]))
    assert (line.issuer, line.dataset, line.family) == ("aws", "cur2", "cur@2026-10")
    assert (line.billing_account_id, line.billing_account_name) == ("111122223333", "Acme")
    assert (line.sub_account_id, line.project_id, line.project_name) == (
        "444455556666", "444455556666", "prod",
    )  # fmt: skip
    assert (line.api_key_id, line.tags) == ("ChatApp", {"project": "data-science"})
    assert (line.invoice_id, line.invoice_month) == ("2100042", "2026-10")
    assert (line.service, line.line_item, line.sku_id) == ("AmazonBedrock", INPUT, "SKU1")
    assert (line.model, line.region) == ("Claude Sonnet 4.6", "us-west-2")
    assert (line.quantity, line.unit) == (Decimal("29.481"), "1K tokens")
    assert (line.unit_price, line.amount) == (Decimal("0.0033"), Decimal("0.0972873"))
    assert (line.list_amount, line.currency) == (Decimal("0.0972873"), "USD")
    assert line.period_start_at == dt.datetime(2026, 10, 2, tzinfo=dt.UTC)
    assert line.period_end_at == dt.datetime(2026, 10, 2, 1, tzinfo=dt.UTC)
    assert line.effective_amount is None


@pytest.mark.parametrize(
    ("kind", "category"),
    [
        ("Usage", "usage"),
        ("DiscountedUsage", "usage"),
        ("SavingsPlanCoveredUsage", "usage"),
        ("SavingsPlanNegation", "commitment"),
        ("SavingsPlanRecurringFee", "commitment"),
        ("SavingsPlanUpfrontFee", "commitment"),
        ("RIFee", "commitment"),
        ("Tax", "tax"),
        ("Credit", "credit"),
        ("Refund", "refund"),
        ("Fee", "fee"),
        ("BundledDiscount", "adjustment"),
        ("EdpDiscount", "adjustment"),
        ("SomethingNew", "adjustment"),
    ],
)
def test_charge_types(tmp_path: Path, kind: str, category: str) -> None:
    (line,) = lines(read, csv_file(tmp_path / "cur.csv", [row(line_item_line_item_type=kind)]))
    assert line.charge_category == category


def test_effective_cost_only_where_a_commitment_covers(tmp_path: Path) -> None:
    stated = {
        "savings_plan_savings_plan_effective_cost": "0.07",
        "reservation_effective_cost": "0.05",
    }
    kinds = ("SavingsPlanCoveredUsage", "DiscountedUsage", "Usage")
    rows = [row(line_item_line_item_type=kind, **stated) for kind in kinds]
    found = lines(read, csv_file(tmp_path / "cur.csv", rows))
    assert [line.effective_amount for line in found] == [Decimal("0.07"), Decimal("0.05"), None]


def test_a_credit_is_negative_and_tax_has_no_usage(tmp_path: Path) -> None:
    credit = row(line_item_line_item_type="Credit", line_item_unblended_cost="-2.50")
    tax = row(
        line_item_line_item_type="Tax",
        line_item_usage_type="",
        line_item_line_item_description="Tax for product code AmazonBedrock",
        line_item_usage_amount="",
        line_item_unblended_cost="0.19",
        line_item_iam_principal="",
        product="",
        tags="",
    )
    found = lines(read, csv_file(tmp_path / "cur.csv", [credit, tax]))
    assert [line.amount for line in found] == [Decimal("-2.50"), Decimal("0.19")]
    assert found[1].line_item == "Tax for product code AmazonBedrock"
    assert (found[1].quantity, found[1].api_key_id, found[1].tags) == (None, None, None)


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        ("arn:aws:sts::1:assumed-role/ChatApp/jo@acme.test", "ChatApp"),
        ("arn:aws:sts::1:assumed-role/AWSReservedSSO_Dev_1a2b/jo@acme.test", "AWSReservedSSO_Dev_1a2b"),  # noqa: E501
        ("arn:aws:iam::1:role/service/DocProcessor", "DocProcessor"),
        ("arn:aws:iam::1:user/alice", "(iam user)"),
        ("arn:aws:iam::1:root", "(root)"),
        ("arn:aws:sts::1:federated-user/alice", "(other principal)"),
        ("alice@acme.test", "(other principal)"),
        (None, None),
    ],
)  # fmt: skip
def test_principals_name_roles_not_people(arn: str | None, name: str | None) -> None:
    assert principal_name(arn) == name


def test_a_parquet_report_with_maps_and_timestamps(tmp_path: Path) -> None:
    schema = pa.schema(
        [
            ("bill_billing_period_start_date", pa.timestamp("ms")),
            ("bill_payer_account_id", pa.string()),
            ("line_item_line_item_type", pa.string()),
            ("line_item_usage_start_date", pa.timestamp("ns")),
            ("line_item_usage_end_date", pa.timestamp("ms")),
            ("line_item_usage_type", pa.string()),
            ("line_item_unblended_cost", pa.float64()),
            ("line_item_currency_code", pa.string()),
            ("product", pa.map_(pa.string(), pa.string())),
            ("resource_tags", pa.map_(pa.string(), pa.string())),
            ("cost_category", pa.map_(pa.string(), pa.string())),
        ]
    )
    at = dt.datetime(2026, 10, 2)
    stated = {
        "bill_billing_period_start_date": dt.datetime(2026, 10, 1),
        "bill_payer_account_id": "1",
        "line_item_line_item_type": "Usage",
        "line_item_usage_start_date": at,
        "line_item_usage_end_date": at + dt.timedelta(hours=1),
        "line_item_usage_type": INPUT,
        "line_item_unblended_cost": 0.1,
        "line_item_currency_code": "USD",
        "product": [("region_code", "eu-west-1")],
        "resource_tags": [("user_team", "search")],
        "cost_category": [],
    }
    (line,) = lines(read, parquet_file(tmp_path / "cur.parquet", [stated], schema))
    assert (line.amount, line.region, line.tags) == (
        Decimal("0.1"), "eu-west-1", {"user_team": "search"},
    )  # fmt: skip
    assert line.period_start_at == dt.datetime(2026, 10, 2, tzinfo=dt.UTC)


def test_an_older_header_and_a_column_a_tag(tmp_path: Path) -> None:
    older = {
        "bill/BillingPeriodStartDate": "2026-10-01T00:00:00Z",
        "bill/PayerAccountId": "1",
        "lineItem/LineItemType": "Usage",
        "lineItem/UsageStartDate": "2026-10-02T00:00:00Z",
        "lineItem/UsageEndDate": "2026-10-02T01:00:00Z",
        "lineItem/UsageType": INPUT,
        "lineItem/UnblendedCost": "0.0000000001",
        "lineItem/CurrencyCode": "USD",
        "resourceTags/user:team": "search",
    }
    (line,) = lines(read, csv_file(tmp_path / "cur.csv", [older]))
    assert (line.line_item, line.amount) == (INPUT, Decimal("1E-10"))
    assert line.tags == {"user:team": "search"}


def test_late_october_usage_in_novembers_report_is_another_bucket(tmp_path: Path) -> None:
    late = row(bill_billing_period_start_date="2026-11-01T00:00:00Z")
    first, second = lines(read, csv_file(tmp_path / "cur.csv", [row(), late]))
    assert first.period_start_at == second.period_start_at
    assert (first.family, second.family) == ("cur@2026-10", "cur@2026-11")


def test_the_documented_usage_types_land_verbatim(tmp_path: Path) -> None:
    with shared("fixtures", "aws", "cur2_bedrock_documented_query_output.csv").open() as text:
        documented = list(csv.DictReader(text))
    rows = [
        row(
            line_item_usage_type=line["line_item_usage_type"],
            line_item_usage_amount=line["line_item_usage_amount"],
            line_item_unblended_cost=line["line_item_unblended_cost"],
            line_item_iam_principal=line["group_key"] if ":" in line["group_key"] else "",
        )
        for line in documented
    ]
    found = lines(read, csv_file(tmp_path / "cur.csv", rows))
    assert sum(line.amount or 0 for line in found) == Decimal("102.345256395")
    assert found[0].line_item == "USW2-Claude4.5Sonnet-cache-write-input-token-count"
    assert [line.api_key_id for line in found[4:8]] == [
        "ChatApp", "DocProcessor", "ClaudeCode", "(iam user)",
    ]  # fmt: skip


def test_the_blogs_query_output_is_no_report() -> None:
    path = shared("fixtures", "aws", "cur2_bedrock_documented_query_output.csv")
    with pytest.raises(InputError, match="missing: bill_billing_period_start_date") as caught:
        lines(read, path)
    assert caught.value.exit_code == 2
    assert "line_item_currency_code" in str(caught.value)


def test_what_does_not_fit_is_refused_by_name(tmp_path: Path) -> None:
    rows = [
        row(),
        row(line_item_unblended_cost="1,50"),
        row(line_item_unblended_cost=""),
        row(line_item_usage_start_date="10/02/2026"),
        row(bill_payer_account_id=""),
        row(tags="{broken"),
        row(line_item_usage_amount="NaN"),
        row(line_item_currency_code="$"),
        row(line_item_line_item_type=""),
    ]
    path = csv_file(tmp_path / "cur.csv", rows)
    with path.open("a") as out:
        out.write("one,two\n")
    assert refused(read, path) == [
        (2, "bad_amount", "line_item_unblended_cost"),
        (3, "missing_field", "line_item_unblended_cost"),
        (4, "bad_timestamp", "line_item_usage_start_date"),
        (5, "missing_field", "bill_payer_account_id"),
        (6, "malformed_json", "tags"),
        (7, "bad_amount", "line_item_usage_amount"),
        (8, "bad_currency", "line_item_currency_code"),
        (9, "missing_field", "line_item_line_item_type"),
        (10, "malformed_row", ""),
    ]
