"""FOCUS 1.0 to 1.4: versions, generator quirks, corrections, and the published sample."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ingest.errors import InputError
from ingest.sources.bills import plain
from ingest.sources.focus import issuer_of, read, version_of
from tests.support.bills import csv_file, json_file, lines, parquet_file, refused
from tests.support.usage import shared


def row(**more: Any) -> dict[str, Any]:
    """1,000 tokens for a tenth of a cent, in FOCUS 1.0."""
    return {
        "BilledCost": "0.001",
        "BillingAccountId": "acct-1",
        "BillingCurrency": "USD",
        "BillingPeriodStart": "2026-10-01 00:00:00",
        "ChargeCategory": "Usage",
        "ChargeClass": "NULL",
        "ChargeDescription": "Model X input tokens",
        "ChargePeriodStart": "2026-10-02 00:00:00",
        "ChargePeriodEnd": "2026-10-03 00:00:00",
        "ConsumedQuantity": "1000",
        "ConsumedUnit": "Tokens",
        "ContractedUnitPrice": "0.9",
        "EffectiveCost": "0.001",
        "InvoiceIssuerName": "Acme Cloud, Inc.",
        "ListCost": "0.002",
        "ListUnitPrice": "1.8",
        "PricingQuantity": "0.001",
        "PricingUnit": "1000000 Tokens",
        "ProviderName": "Acme",
        "RegionId": "eu-1",
        "ServiceName": "Models",
        "SkuId": "SKU-1",
        "SubAccountId": "team-1",
        "SubAccountName": "Team One",
        "Tags": '{"env": "prod"}',
    } | more


def test_a_line_with_what_it_says(tmp_path: Path) -> None:
    (line,) = lines(read, csv_file(tmp_path / "focus.csv", [row()]))
    assert (line.issuer, line.dataset, line.family) == ("acme-cloud", "focus_1.0", "focus@2026-10")
    assert (line.billing_account_id, line.sub_account_id) == ("acct-1", "team-1")
    assert (line.project_id, line.project_name) == ("team-1", "Team One")
    assert line.period_start_at == dt.datetime(2026, 10, 2, tzinfo=dt.UTC)
    assert line.period_end_at == dt.datetime(2026, 10, 3, tzinfo=dt.UTC)
    assert (line.invoice_month, line.invoice_id) == ("2026-10", None)
    assert (line.amount, line.list_amount, line.effective_amount) == (
        Decimal("0.001"), Decimal("0.002"), Decimal("0.001"),
    )  # fmt: skip
    assert (line.quantity, line.unit) == (Decimal(1000), "Tokens")
    assert (line.pricing_quantity, line.pricing_unit) == (Decimal("0.001"), "1000000 Tokens")
    assert (line.unit_price, line.currency) == (Decimal("0.9"), "USD")
    assert (line.service, line.sku_id, line.region) == ("Models", "SKU-1", "eu-1")
    assert (line.line_item, line.tags) == ("Model X input tokens", {"env": "prod"})


def test_the_published_sample_lands_whole() -> None:
    """Counts and sums of the file itself, taken with a spreadsheet's means."""
    found = lines(read, shared("data", "focus_sample", "focus_sample.csv"))
    assert len(found) == 1000
    assert sum(line.amount or 0 for line in found) == Decimal("20.52022672899")
    by_category: Counter[str] = Counter()
    for line in found:
        by_category[line.charge_category] += line.amount  # type: ignore[assignment]
    assert by_category == {
        "usage": Decimal("22.86192672899"),
        "credit": Decimal("-2.6137"),
        "adjustment": Decimal("0.272"),
    }
    assert Counter(line.issuer for line in found) == {"aws": 942, "azure": 51, "oracle": 7}
    assert sum(line.effective_amount == 0 < (line.amount or 0) for line in found) == 610
    assert sum((line.amount or 0) < 0 for line in found) == 13
    assert Counter(line.family for line in found) == {"focus@2024-09": 999, "focus@2024-10": 1}
    first = found[0]
    assert (first.amount, first.unit_price) == (Decimal("0.0000008"), Decimal("0.0000004"))
    assert (first.tags, first.source_line, first.row_number) == (None, 2, 1)
    assert not [line for line in found if "NULL" in (line.line_item, line.region, line.unit)]


def test_the_shared_fixture_is_the_same_sample() -> None:
    sample = lines(read, shared("data", "focus_sample", "focus_sample.csv"))
    assert lines(read, shared("fixtures", "focus", "focus_1_0_sample_1000.csv")) == sample


@pytest.mark.parametrize(
    ("columns", "version"),
    [
        (["ProviderName", "SkuId"], "1.0"),
        (["ProviderName", "SkuMeter"], "1.1"),
        (["ProviderName", "InvoiceId", "SkuMeter"], "1.2"),
        (["ProviderName", "ServiceProviderName", "InvoiceId"], "1.3"),
        (["ServiceProviderName", "HostProviderName", "InvoiceId"], "1.4"),
        (["ProviderName", "ServiceProviderName", "InvoiceDetailId"], "1.4"),
    ],
)
def test_versions_are_told_by_their_columns(columns: list[str], version: str) -> None:
    assert version_of(set(map(plain, columns))) == version


def test_1_4_has_no_provider_name(tmp_path: Path) -> None:
    stated = row(
        ServiceProviderName="Anthropic, PBC",
        HostProviderName="Anthropic, PBC",
        InvoiceDetailId="D-1",
        InvoiceId="INV-1",
        SkuMeter="Input Tokens",
        InvoiceIssuerName="NULL",
    )
    del stated["ProviderName"]
    (line,) = lines(read, csv_file(tmp_path / "focus.csv", [stated]))
    assert (line.dataset, line.issuer) == ("focus_1.4", "anthropic")
    assert (line.invoice_id, line.token_type) == ("INV-1", "Input Tokens")


@pytest.mark.parametrize(
    ("name", "issuer"),
    [
        ("Amazon Web Services EMEA SARL", "aws"),
        ("AWS", "aws"),
        ("Microsoft", "azure"),
        ("Google Cloud", "google"),
        ("OpenAI OpCo, LLC", "openai"),
        ("OpenRouter, Inc.", "openrouter"),
        ("Acme Cloud, Inc.", "acme-cloud"),
        ("Nebius B.V", "nebius-b-v"),
        ("Oracle", "oracle"),
    ],
)
def test_issuers(name: str, issuer: str) -> None:
    assert issuer_of(name) == issuer


@pytest.mark.parametrize(
    ("more", "category"),
    [
        ({"ChargeCategory": "Usage"}, "usage"),
        ({"ChargeCategory": "Usage", "ChargeClass": "Correction"}, "adjustment"),
        ({"ChargeCategory": "Purchase"}, "purchase"),
        ({"ChargeCategory": "Purchase", "CommitmentDiscountId": "c-1"}, "commitment"),
        ({"ChargeCategory": "Purchase", "ChargeClass": "Correction"}, "adjustment"),
        ({"ChargeCategory": "Tax"}, "tax"),
        ({"ChargeCategory": "Tax", "ChargeClass": "Correction"}, "tax"),
        ({"ChargeCategory": "Credit", "ChargeClass": "Correction"}, "credit"),
        ({"ChargeCategory": "Adjustment"}, "adjustment"),
    ],
)
def test_categories_and_corrections(tmp_path: Path, more: dict[str, str], category: str) -> None:
    (line,) = lines(read, csv_file(tmp_path / "focus.csv", [row(**more)]))
    assert line.charge_category == category


def test_a_correction_in_a_later_period_is_another_bucket(tmp_path: Path) -> None:
    later = row(
        ChargeClass="Correction", BilledCost="-0.001", BillingPeriodStart="2026-11-01T00:00:00Z"
    )
    first, second = lines(read, csv_file(tmp_path / "focus.csv", [row(), later]))
    assert first.period_start_at == second.period_start_at
    assert (second.family, second.amount) == ("focus@2026-11", Decimal("-0.001"))


def test_credits_bought_and_burned(tmp_path: Path) -> None:
    """A purchase is cash without effect; its use is effect without cash."""
    virtual = {"PricingCurrency": "Credits", "PricingCurrencyEffectiveCost": "100"}
    rows = [
        row(ChargeCategory="Purchase", BilledCost="50", EffectiveCost="0", **virtual),
        row(BilledCost="0", EffectiveCost="2.5", **virtual),
    ]
    bought, burned = lines(read, csv_file(tmp_path / "focus.csv", rows))
    assert (bought.amount, bought.effective_amount) == (Decimal(50), Decimal(0))
    assert (burned.amount, burned.effective_amount) == (Decimal(0), Decimal("2.5"))
    assert (burned.currency, burned.dataset) == ("USD", "focus_1.2")


def test_a_contracted_price_of_zero_means_the_list_price(tmp_path: Path) -> None:
    rows = [row(ContractedUnitPrice="0.000"), row(ContractedUnitPrice="0", ListUnitPrice="NULL")]
    first, second = lines(read, csv_file(tmp_path / "focus.csv", rows))
    assert (first.unit_price, second.unit_price) == (Decimal("1.8"), Decimal(0))


def test_a_charge_of_one_instant_lasts_a_second(tmp_path: Path) -> None:
    instant = row(ChargePeriodEnd="2026-10-02 00:00:00")
    (line,) = lines(read, csv_file(tmp_path / "focus.csv", [instant]))
    assert line.period_end_at - line.period_start_at == dt.timedelta(seconds=1)


def test_parquet_and_json_say_the_same(tmp_path: Path) -> None:
    stated = {name: value for name, value in row().items() if value != "NULL"}
    typed = stated | {
        "BilledCost": 0.001,
        "Tags": [("env", "prod")],
        "ChargePeriodStart": dt.datetime(2026, 10, 2),
        "ChargePeriodEnd": dt.datetime(2026, 10, 3),
    }
    fields = [pa.field(name, pa.string()) for name in stated]
    kinds = {
        "BilledCost": pa.float64(),
        "Tags": pa.map_(pa.string(), pa.string()),
        "ChargePeriodStart": pa.timestamp("ms"),
        "ChargePeriodEnd": pa.timestamp("ms"),
    }
    schema = pa.schema([field.with_type(kinds.get(field.name, field.type)) for field in fields])
    wanted = lines(read, csv_file(tmp_path / "focus.csv", [row()]))
    for path in (
        parquet_file(tmp_path / "focus.parquet", [typed], schema),
        json_file(tmp_path / "focus.json", [stated]),
    ):
        found = lines(read, path)
        found[0].source_line = 2
        assert found == wanted


def test_missing_columns_are_named(tmp_path: Path) -> None:
    stated = row()
    for name in ("BilledCost", "ProviderName", "InvoiceIssuerName", "ChargeCategory"):
        del stated[name]
    with pytest.raises(
        InputError, match="missing: BilledCost, ChargeCategory, InvoiceIssuerName"
    ) as caught:
        lines(read, csv_file(tmp_path / "focus.csv", [stated]))
    assert caught.value.exit_code == 2


def test_what_does_not_fit_is_refused_by_name(tmp_path: Path) -> None:
    rows = [
        row(),
        row(BilledCost="NULL"),
        row(BilledCost="free"),
        row(BillingCurrency="Credits"),
        row(ChargeCategory="Gift"),
        row(ChargePeriodStart="NULL"),
        row(ChargePeriodEnd="2026-10-01"),
        row(ListCost="1e25"),
        row(Tags="{no"),
        row(InvoiceIssuerName="NULL", ProviderName="NULL"),
        row(BillingPeriodStart=""),
    ]
    assert refused(read, csv_file(tmp_path / "focus.csv", rows)) == [
        (2, "missing_field", "BilledCost"),
        (3, "bad_amount", "BilledCost"),
        (4, "bad_currency", "BillingCurrency"),
        (5, "unknown_category", "ChargeCategory"),
        (6, "missing_field", "ChargePeriodStart"),
        (7, "bad_timestamp", "ChargePeriodEnd"),
        (8, "bad_amount", "ListCost"),
        (9, "malformed_json", "Tags"),
        (10, "missing_field", "InvoiceIssuerName"),
        (11, "missing_field", "BillingPeriodStart"),
    ]
