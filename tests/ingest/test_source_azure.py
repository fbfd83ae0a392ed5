"""Azure actual cost exports: fifty columns, their other spellings, dates, currencies."""

from __future__ import annotations

import csv
import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ingest.errors import InputError
from ingest.sources.azure import read
from tests.support.bills import csv_file, lines, parquet_file, refused
from tests.support.usage import shared


def row(**more: Any) -> dict[str, Any]:
    """120.5 thousand gpt-4o input tokens at EUR 0.0023, listed at 0.0025."""
    return {
        "BillingAccountId": "8611537",
        "BillingAccountName": "Acme",
        "BillingPeriodStartDate": "2025-04-01T00:00:00Z",
        "SubscriptionId": "sub-1",
        "SubscriptionName": "Production",
        "Date": "2025-04-30T00:00:00Z",
        "MeterId": "meter-1",
        "MeterCategory": "Cognitive Services",
        "MeterName": "gpt 4o 1120 Inp glbl Tokens",
        "Quantity": "120.5",
        "EffectivePrice": "0.0023",
        "Cost": "0.27715",
        "UnitPrice": "0.0025",
        "BillingCurrency": "EUR",
        "ResourceLocation": "swedencentral",
        "UnitOfMeasure": "1K",
        "Tags": '{"env": "prod"}',
        "ChargeType": "Usage",
        "AccountOwnerId": "jo@acme.test",
    } | more


def test_a_line_with_what_it_says(tmp_path: Path) -> None:
    (line,) = lines(read, csv_file(tmp_path / "actual.csv", [row()], bom=True))
    assert (line.issuer, line.dataset, line.family) == ("azure", "actual", "actual@2025-04")
    assert (line.billing_account_id, line.billing_account_name) == ("8611537", "Acme")
    assert (line.sub_account_id, line.project_id, line.project_name) == (
        "sub-1", "sub-1", "Production",
    )  # fmt: skip
    assert line.period_start_at == dt.datetime(2025, 4, 30, tzinfo=dt.UTC)
    assert line.period_end_at == dt.datetime(2025, 5, 1, tzinfo=dt.UTC)
    assert (line.service, line.sku_id) == ("Cognitive Services", "meter-1")
    assert line.line_item == "gpt 4o 1120 Inp glbl Tokens"
    assert (line.quantity, line.unit) == (Decimal("120.5"), "1K")
    assert (line.amount, line.currency) == (Decimal("0.27715"), "EUR")
    assert (line.unit_price, line.list_amount) == (Decimal("0.0023"), Decimal("0.30125"))
    assert (line.invoice_month, line.region) == ("2025-04", "swedencentral")
    assert (line.tags, line.charge_category) == ({"env": "prod"}, "usage")


def test_the_fifty_documented_columns_are_enough(tmp_path: Path) -> None:
    with shared("fixtures", "azure", "actualcost_c360-2025-04.columns.csv").open() as text:
        documented = [line["column"] for line in csv.DictReader(text)]
    assert len(documented) == 50
    stated = {name: row().get(name, "") for name in documented}
    assert set(row()) <= set(documented)
    (line,) = lines(read, csv_file(tmp_path / "actual.csv", [stated]))
    assert (line.amount, line.unit) == (Decimal("0.27715"), "1K")


@pytest.mark.parametrize(
    "date",
    [
        "2025-04-30",
        "2025-04-30T00:00:00",
        "2025-04-30T00:00:00.0000000Z",
        "04/30/2025",
        "4/30/2025",
        "4/30/2025 12:00:00 AM",
        "4/30/2025 0:00",
    ],
)
def test_dates_as_exports_print_them(tmp_path: Path, date: str) -> None:
    path = csv_file(tmp_path / "actual.csv", [row(Date=date, BillingPeriodStartDate="04/01/2025")])
    (line,) = lines(read, path)
    assert line.period_start_at == dt.datetime(2025, 4, 30, tzinfo=dt.UTC)
    assert line.invoice_month == "2025-04"


def test_day_first_dates_are_refused_not_guessed(tmp_path: Path) -> None:
    rows = [row(Date="30/04/2025"), row(Date="2025-04-31"), row(Date="")]
    assert refused(read, csv_file(tmp_path / "actual.csv", rows)) == [
        (1, "bad_timestamp", "Date"),
        (2, "bad_timestamp", "Date"),
        (3, "missing_field", "Date"),
    ]


def test_a_customer_agreement_header(tmp_path: Path) -> None:
    stated = {
        "invoiceId": "G0042",
        "billingAccountId": "/providers/Microsoft.Billing/billingAccounts/8611537",
        "subscriptionId": "sub-1",
        "billingPeriodStartDate": "04/01/2025",
        "date": "04/30/2025",
        "meterName": "5.4 opt Gl 1M Tokens",
        "meterCategory": "Foundry Models",
        "quantity": "2",
        "unitOfMeasure": "1M",
        "effectivePrice": "1.10",
        "unitPrice": "1.25",
        "payGPrice": "1.30",
        "costInBillingCurrency": "2.024",
        "billingCurrency": "eur",
        "pricingCurrency": "USD",
        "exchangeRatePricingToBilling": "0.92",
        "chargeType": "Usage",
        "tags": '"env": "prod","team": "search"',
    }
    (line,) = lines(read, csv_file(tmp_path / "mca.csv", [stated]))
    assert (line.amount, line.currency, line.invoice_id) == (Decimal("2.024"), "EUR", "G0042")
    assert line.list_amount == Decimal("2.392")  # 1.30 USD x 2 x 0.92
    assert (line.conversion_rate, line.service) == (Decimal("0.92"), "Foundry Models")
    assert line.tags == {"env": "prod", "team": "search"}
    assert (line.billing_account_id, line.family) == ("8611537", "actual@2025-04")
    del stated["exchangeRatePricingToBilling"]
    (line,) = lines(read, csv_file(tmp_path / "mca2.csv", [stated]))
    assert line.list_amount is None  # dollars are no euros


@pytest.mark.parametrize(
    ("kind", "category"),
    [
        ("Usage", "usage"),
        ("Purchase", "purchase"),
        ("Refund", "refund"),
        ("Tax", "tax"),
        ("UnusedReservation", "commitment"),
        ("RoundingAdjustment", "rounding"),
        ("SomethingNew", "adjustment"),
    ],
)
def test_charge_types(tmp_path: Path, kind: str, category: str) -> None:
    (line,) = lines(read, csv_file(tmp_path / "actual.csv", [row(ChargeType=kind)]))
    assert line.charge_category == category


def test_parquet_with_decimals_and_dates(tmp_path: Path) -> None:
    typed = row(
        Date=dt.datetime(2025, 4, 30),
        BillingPeriodStartDate=dt.datetime(2025, 4, 1),
        Cost=Decimal("0.277150000000000001"),
        Quantity=120.5,
    )
    schema = pa.schema(
        [(name, pa.string()) for name in typed if not isinstance(typed[name], (float, Decimal))]
    )
    for name, kind in (
        ("Date", pa.timestamp("us")),
        ("BillingPeriodStartDate", pa.timestamp("us")),
    ):
        schema = schema.set(schema.get_field_index(name), pa.field(name, kind))
    schema = schema.append(pa.field("Cost", pa.decimal128(38, 18)))
    schema = schema.append(pa.field("Quantity", pa.float64()))
    (line,) = lines(read, parquet_file(tmp_path / "actual.parquet", [typed], schema))
    assert (line.amount, line.quantity) == (Decimal("0.277150000000000001"), Decimal("120.5"))


def test_the_focus_export_states_the_same_buckets(tmp_path: Path) -> None:
    with shared("fixtures", "azure", "focuscost_1.2.columns.csv").open() as text:
        documented = [line["column"] for line in csv.DictReader(text)]
    stated = dict.fromkeys(documented, "") | {
        "BilledCost": "0.27715",
        "EffectiveCost": "0.27715",
        "BillingAccountId": "/providers/Microsoft.Billing/billingAccounts/8611537",
        "BillingCurrency": "EUR",
        "BillingPeriodStart": "2025-04-01T00:00:00Z",
        "ChargePeriodStart": "2025-04-30T00:00:00Z",
        "ChargePeriodEnd": "2025-05-01T00:00:00Z",
        "ChargeCategory": "Usage",
        "InvoiceIssuerName": "Microsoft",
        "ProviderName": "Microsoft",
        "InvoiceId": "G0042",
    }
    (focus,) = lines(read, csv_file(tmp_path / "focus.csv", [stated]))
    (actual,) = lines(read, csv_file(tmp_path / "actual.csv", [row()]))
    for name in ("family", "issuer", "billing_account_id", "period_start_at", "amount"):
        assert getattr(focus, name) == getattr(actual, name), name
    assert (focus.dataset, focus.invoice_id) == ("focus_1.2", "G0042")


def test_missing_columns_are_named_as_documented(tmp_path: Path) -> None:
    stated = row()
    for name in ("Cost", "BillingCurrency"):
        del stated[name]
    with pytest.raises(InputError, match="required columns are missing: Cost, BillingCurrency"):
        lines(read, csv_file(tmp_path / "actual.csv", [stated]))


def test_what_does_not_fit_is_refused_by_name(tmp_path: Path) -> None:
    rows = [
        row(),
        row(Cost="0,27"),
        row(Cost=""),
        row(Quantity="many"),
        row(BillingCurrency="Credits"),
        row(BillingAccountId=""),
        row(ChargeType=""),
        row(Tags="{no json"),
    ]
    assert refused(read, csv_file(tmp_path / "actual.csv", rows)) == [
        (2, "bad_amount", "Cost"),
        (3, "missing_field", "Cost"),
        (4, "bad_amount", "Quantity"),
        (5, "bad_currency", "BillingCurrency"),
        (6, "missing_field", "BillingAccountId"),
        (7, "missing_field", "ChargeType"),
        (8, "malformed_json", "Tags"),
    ]
