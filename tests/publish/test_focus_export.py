"""FOCUS files: sums against the invoice, and every rule of 1.2 and 1.4 the arithmetic rests on."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from publish.cli import app
from publish.focus.export import export_focus
from tests.support.close_factory import cell, invoice, merged, usage, write_warehouse
from tests.support.close_story import october, story

MONTH = "2026-10"
CATEGORIES = {"Usage", "Purchase", "Tax", "Credit", "Adjustment"}
NEVER_NULL = {  # from the 1.4 model: mandatory and allows_nulls = false
    "cost_and_usage": (
        "BilledCost BillingAccountId BillingAccountType BillingCurrency BillingPeriodEnd "
        "BillingPeriodStart ChargeCategory ChargeFrequency ChargePeriodEnd ChargePeriodStart "
        "ContractedCost EffectiveCost InvoiceIssuerName ListCost PricingCurrency ServiceCategory "
        "ServiceName ServiceProviderName ServiceSubcategory"
    ),
    "invoice_detail": (
        "BilledCost BillingAccountId BillingCurrency BillingPeriodEnd BillingPeriodStart "
        "ChargeCategory InvoiceDetailCreated InvoiceDetailId InvoiceDetailLastUpdated InvoiceId "
        "InvoiceIssueStatus InvoiceIssuerName PaymentCurrency PaymentCurrencyBilledCost "
        "PaymentCurrencyInvoiceDetailId PaymentTerms ReferenceInvoiceId"
    ),
    "billing_period": (
        "BillingPeriodCreated BillingPeriodEnd BillingPeriodLastUpdated BillingPeriodStart "
        "BillingPeriodStatus InvoiceIssuerName"
    ),
}
NULLABLE = {  # mandatory columns that may be empty
    "cost_and_usage": (
        "BillingAccountName ChargeClass ChargeDescription HostProviderName PricingQuantity "
        "PricingUnit InvoiceId InvoiceDetailId ConsumedQuantity ConsumedUnit"
    ),
    "invoice_detail": (
        "InvoiceDetailDescription InvoiceDetailGrain InvoiceIssueDate PaymentDueDate"
    ),
    "billing_period": "",
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("focus")
    story(
        folder,
        {
            "fct_invoice_bridge_monthly": [
                {
                    "provider": "aws",
                    "billing_account_id": "123",
                    "invoice_id": "(not invoiced)",
                    "amount": "12.5",
                }
            ],
            "allocation_rules": [
                {
                    "provider": "openai",
                    "component": "credits",
                    "allocation_key": "ledger_cost",
                    "effective_cost": "zero",
                }
            ],
        },
    )
    export_focus(folder, MONTH, ["1.2", "1.4"])
    return folder


def rows(data: Path, version: str, dataset: str, what: str, kind: str = "parquet") -> list[Any]:
    file = data / "focus" / version / MONTH / f"{dataset}.{kind}"
    return duckdb.sql(what.format(file=f"'{file}'")).fetchall()


def test_billed_cost_sums_to_each_invoice(data: Path) -> None:
    summed = "select InvoiceId, sum(BilledCost) from {file} group by 1 order by 1 nulls last"
    invoiced = [("INV-1", Decimal("126.05")), ("INV-2", Decimal("50.01"))]
    waiting = [(None, Decimal("12.5"))]
    assert rows(data, "1.4", "cost_and_usage", summed) == invoiced + waiting
    # 1.2 keeps them apart: its validator takes an InvoiceId on every row or on none.
    assert rows(data, "1.2", "cost_and_usage", summed) == invoiced
    assert rows(data, "1.2", "cost_and_usage_not_invoiced", summed) == waiting


def test_rows_of_the_used_skus_are_the_hand_made_ones(data: Path) -> None:
    # Direct 101.00 of INV-1 over 60 %, 30 %, 10 %; the ledger's price is 0.10 a token.
    found = rows(
        data,
        "1.2",
        "cost_and_usage",
        "select x_Tenant, x_Workload, strftime(ChargePeriodStart at time zone 'UTC', '%d'), "
        "ConsumedQuantity, PricingQuantity, ListUnitPrice, ListCost, BilledCost, SubAccountId "
        "from {file} where x_BridgeComponent = 'used' and InvoiceId = 'INV-1' order by 4 desc",
    )
    price = Decimal(100_000)
    assert found == [
        ("acme", "chat", "01", 600, Decimal("0.0006"), price, 60, Decimal("60.6"), "p-1"),
        ("globex", "chat", "01", 300, Decimal("0.0003"), price, 30, Decimal("30.3"), "p-1"),
        ("globex", "search", "30", 100, Decimal("0.0001"), price, 10, Decimal("10.1"), "p-1"),
    ]


def test_a_list_price_times_the_quantity_is_the_list_cost_exactly(data: Path) -> None:
    assert rows(
        data,
        "1.4",
        "cost_and_usage",
        "select count(*) from {file} where ListUnitPrice * PricingQuantity <> ListCost",
    ) == [(0,)]


def test_prepaid_credits_are_cash_and_no_cost(data: Path) -> None:
    assert rows(
        data,
        "1.2",
        "cost_and_usage",
        "select BilledCost, EffectiveCost from {file} where ChargeCategory = 'Credit'",
    ) == [(-5, 0)]


def test_what_is_not_usage_states_no_quantity_and_no_price(data: Path) -> None:
    assert rows(
        data,
        "1.4",
        "cost_and_usage",
        "select count(*) from {file} where ChargeCategory <> 'Usage' and coalesce("
        "ConsumedUnit, PricingUnit, PricingCategory, cast(PricingQuantity as varchar), "
        "cast(ListUnitPrice as varchar)) is not null",
    ) == [(0,)]


@pytest.mark.parametrize("dataset", ["cost_and_usage", "invoice_detail", "billing_period"])
def test_the_1_4_columns_are_there_typed_and_filled(data: Path, dataset: str) -> None:
    types = {row[0]: row[1] for row in rows(data, "1.4", dataset, "describe from {file}")}
    for name in NEVER_NULL[dataset].split():
        assert rows(
            data, "1.4", dataset, f'select count(*) from {{file}} where "{name}" is null'
        ) == [(0,)], name
    assert set(NULLABLE[dataset].split()) <= types.keys()
    assert not {"ProviderName", "PublisherName"} & types.keys()
    for name, kind in types.items():
        if name.endswith(("Cost", "Quantity", "UnitPrice")):
            assert kind.startswith("DECIMAL"), name
        elif name.endswith(("Start", "End", "Created", "LastUpdated", "Date")):
            assert kind == "TIMESTAMP WITH TIME ZONE", name
        else:
            assert kind == "VARCHAR", name


def test_the_1_4_values_are_allowed_ones(data: Path) -> None:
    def distinct(dataset: str, column: str) -> set[str]:
        return {
            row[0] for row in rows(data, "1.4", dataset, f"select distinct {column} from {{file}}")
        }

    assert distinct("cost_and_usage", "ChargeCategory") <= CATEGORIES
    assert distinct("invoice_detail", "ChargeCategory") <= CATEGORIES
    assert distinct("cost_and_usage", "ChargeFrequency") <= {"Usage-Based", "One-Time"}
    assert distinct("cost_and_usage", "PricingCategory") <= {"Standard", None}
    assert distinct("cost_and_usage", "BillingCurrency") == {"USD", "EUR"}
    assert distinct("invoice_detail", "InvoiceIssueStatus") == {"Issued"}
    assert dict(
        rows(
            data,
            "1.4",
            "billing_period",
            "select InvoiceIssuerName, BillingPeriodStatus from {file}",
        )
    ) == {"openai": "Closed", "anthropic": "Closed", "aws": "Open"}


def test_cost_and_usage_joins_invoice_detail_to_the_last_digit(data: Path) -> None:
    by_detail = (
        "select InvoiceDetailId, sum(BilledCost) from {file} "
        "where InvoiceDetailId is not null group by 1 order by 1"
    )
    usage_side = rows(data, "1.4", "cost_and_usage", by_detail)
    detail_side = rows(data, "1.4", "invoice_detail", by_detail)
    assert usage_side == detail_side
    assert ("INV-1/Tax", Decimal(20)) in detail_side
    (terms,) = rows(data, "1.4", "invoice_detail", "select distinct PaymentTerms from {file}")
    assert terms == ("Net 30",)


def test_tags_and_price_details_are_json_with_our_keys(data: Path) -> None:
    for tags, details in rows(
        data, "1.4", "cost_and_usage", "select Tags, SkuPriceDetails from {file}"
    ):
        assert json.loads(tags).keys() == {"tenant", "workload"}
        if details:
            assert all(key.startswith("x_") for key in json.loads(details))


def test_csv_and_parquet_say_the_same_and_twice_are_the_same_bytes(
    data: Path, tmp_path: Path
) -> None:
    for version in ("1.2", "1.4"):
        counted = "select count(*), sum(BilledCost), sum(EffectiveCost) from {file}"
        assert [
            [Decimal(str(value)) for value in row]
            for row in rows(data, version, "cost_and_usage", counted)
        ] == [
            [Decimal(str(value)).quantize(Decimal("1e-9")) for value in row]
            for row in rows(data, version, "cost_and_usage", counted, "csv")
        ]
    (tmp_path / "warehouse.duckdb").write_bytes((data / "warehouse.duckdb").read_bytes())
    export_focus(tmp_path, MONTH, ["1.2", "1.4"])
    for file in sorted((data / "focus").rglob("*.*")):
        if file.is_file():
            assert (tmp_path / file.relative_to(data)).read_bytes() == file.read_bytes(), file


def test_any_amount_is_shared_without_losing_a_digit(tmp_path: Path) -> None:
    # A third each of what no three can share, and a negative one besides.
    thirds = [
        {"fct_costs_hourly": usage(1, "0.1", tenant_id=tenant)["fct_costs_hourly"]}
        for tenant in "abc"
    ]
    thirds.append({"int_metered_usage_daily": usage(3, "0.3")["int_metered_usage_daily"]})
    write_warehouse(
        tmp_path,
        merged(
            *thirds,
            invoice(
                [
                    {"amount": "0.3"},
                    {
                        "step": 42,
                        "component": "discount_or_overcharge",
                        "amount": "-1.000000000001",
                    },
                ],
                "-0.700000000001",
            ),
        ),
    )
    export_focus(tmp_path, MONTH, ["1.2"])
    found = rows(
        tmp_path, "1.2", "cost_and_usage", "select x_Tenant, BilledCost from {file} order by 1"
    )
    assert found == [
        ("a", Decimal("-0.233333333334")),
        ("b", Decimal("-0.233333333334")),
        ("c", Decimal("-0.233333333333")),
    ]


def test_two_accounts_do_not_share_each_others_usage(tmp_path: Path) -> None:
    write_warehouse(
        tmp_path,
        merged(
            usage(10, "1.00"),
            usage(30, "3.00", project_id="p-9", api_key_id="k-9", tenant_id="other"),
            invoice([{"amount": "1"}], "1"),
            invoice([{"amount": "3"}], "3", billing_account_id="org-9", invoice_id="INV-9"),
            {
                "int_metered_keys_matched": [
                    {},
                    {"project_id": "p-9", "api_key_id": "k-9", "billing_account_id": "org-9"},
                ]
            },
        ),
    )
    export_focus(tmp_path, MONTH, ["1.2"])
    assert rows(
        tmp_path,
        "1.2",
        "cost_and_usage",
        "select InvoiceId, x_Tenant, ConsumedQuantity, BilledCost from {file} order by 1",
    ) == [("INV-1", "acme", 10, 1), ("INV-9", "other", 30, 3)]


def test_the_command_says_what_it_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKENHOUSE_DATA", str(tmp_path))
    run = CliRunner().invoke
    assert run(app, ["focus"]).exit_code == 2
    write_warehouse(
        tmp_path, merged(october(), invoice([cell(74, "tax", "1")], "1", invoice_id="INV-T"))
    )
    result = run(app, ["focus", "--version", "1.2"])
    assert result.exit_code == 0 and "cost_and_usage.csv: " in result.output
    assert run(app, ["focus", "--version", "9"]).exit_code == 2
    assert run(app, ["focus", "--month", "2031-01"]).exit_code == 2
