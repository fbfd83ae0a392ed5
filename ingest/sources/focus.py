"""FOCUS cost and usage, versions 1.0 to 1.4, of any issuer: CSV, Parquet or JSON.

Data flow: charge rows -> data/raw/provider_lines (source ``focus``, dataset ``focus_1.x``), one
cost line a row. ``amount`` is BilledCost, the cash view that an invoice sums to; EffectiveCost is
kept beside it as stated, also where a generator writes 0 for what was billed.

Generators differ: NULL comes as text, columns are added or left out, instants have no zone (they
are UTC). Corrections arrive in a later billing period for an earlier charge period, so the
billing period is part of the bucket (``family``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache

from ingest.exports.records import InputFile, Line, Record
from ingest.exports.rows import Row
from ingest.exports.values import BadField
from ingest.sources.bills import Cells, bill_rows, lines_of, plain

MANY_FILES = True

_ISSUER = ("InvoiceIssuerName", "ProviderName", "ServiceProviderName")
_REQUIRED = (
    ("BilledCost",),
    ("BillingAccountId",),
    ("BillingCurrency",),
    ("BillingPeriodStart",),
    ("ChargeCategory",),
    ("ChargePeriodStart",),
    ("ChargePeriodEnd",),
    _ISSUER,
)
_OPTIONAL = (
    "BillingAccountName",
    "ChargeClass",
    "ChargeDescription",
    "CommitmentDiscountId",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedUnitPrice",
    "EffectiveCost",
    "InvoiceId",
    "ListCost",
    "ListUnitPrice",
    "PricingQuantity",
    "PricingUnit",
    "RegionId",
    "Region",
    "RegionName",
    "ServiceName",
    "SkuId",
    "SkuMeter",
    "SubAccountId",
    "SubAccountName",
    "Tags",
    "x_BillingExchangeRate",
    "x_Model",
    "x_ServiceTier",
)
_WANTED = {plain(name) for names in (*_REQUIRED, _OPTIONAL) for name in names}
_TELLING = (
    "InvoiceDetailId",
    "ServiceProviderName",
    "ProviderName",
    "HostProviderName",
    "InvoiceId",
    "PricingCurrency",
    "BillingAccountType",
    "SkuMeter",
    "SkuPriceDetails",
    "CapacityReservationId",
)
_CATEGORIES = {
    "usage": "usage",
    "purchase": "purchase",
    "tax": "tax",
    "credit": "credit",
    "adjustment": "adjustment",
}
# Issuers by the beginning of their legal name; others are kept as a slug of it.
_ISSUERS = (
    ("amazon", "aws"),
    ("aws", "aws"),
    ("microsoft", "azure"),
    ("azure", "azure"),
    ("google", "google"),
    ("gcp", "google"),
    ("openai", "openai"),
    ("anthropic", "anthropic"),
    ("openrouter", "openrouter"),
)
_LEGAL_FORMS = re.compile(
    r"[ ,.]+(inc|llc|ltd|limited|corp|corporation|co|pbc|gmbh|sarl|plc|bv|ag)\.?$"
)


def read(file: InputFile) -> Iterator[Record]:
    """Cost lines of one file; parts of an export are landed together.

    Raises:
        InputError: the file cannot be read or lacks columns of FOCUS cost and usage.
    """
    columns, rows = bill_rows(file, required=_REQUIRED, is_wanted=_WANTED.__contains__)
    dataset = f"focus_{version_of(columns)}"
    return lines_of(rows, lambda row, cells: _line(row, cells, dataset))


def version_of(columns: set[str]) -> str:
    """The newest version whose columns are there; files do not state it."""
    has = {name for name in _TELLING if plain(name) in columns}
    if "InvoiceDetailId" in has or ("ServiceProviderName" in has and "ProviderName" not in has):
        return "1.4"
    if has & {"ServiceProviderName", "HostProviderName"}:
        return "1.3"
    if has & {"InvoiceId", "PricingCurrency", "BillingAccountType"}:
        return "1.2"
    return "1.1" if has & {"SkuMeter", "SkuPriceDetails", "CapacityReservationId"} else "1.0"


def _line(row: Row, cells: Cells, dataset: str) -> Line:
    starts_at, ends_at = cells.period("ChargePeriodStart", "ChargePeriodEnd")
    month = f"{cells.instant('BillingPeriodStart'):%Y-%m}"
    sub_account = cells.text("SubAccountId")
    return Line(
        source_line=row.line,
        row_number=row.number,
        dataset=dataset,
        family=f"focus@{month}",
        line_kind="cost",
        issuer=issuer_of(cells.required_text(*_ISSUER)),
        period_start_at=starts_at,
        period_end_at=ends_at,
        billing_account_id=cells.required_text("BillingAccountId"),
        billing_account_name=cells.text("BillingAccountName"),
        sub_account_id=sub_account,
        sub_account_name=cells.text("SubAccountName"),
        project_id=sub_account,
        project_name=cells.text("SubAccountName"),
        invoice_month=month,
        invoice_id=cells.text("InvoiceId"),
        charge_category=_category(cells),
        service=cells.text("ServiceName"),
        sku_id=cells.text("SkuId"),
        line_item=cells.text("ChargeDescription"),
        model=cells.text("x_Model"),
        token_type=cells.text("SkuMeter"),
        service_tier=cells.text("x_ServiceTier"),
        region=cells.text("RegionId", "Region", "RegionName"),
        quantity=cells.number("ConsumedQuantity"),
        unit=cells.text("ConsumedUnit"),
        pricing_quantity=cells.number("PricingQuantity"),
        pricing_unit=cells.text("PricingUnit"),
        unit_price=_unit_price(cells),
        amount=cells.required_number("BilledCost"),
        list_amount=cells.number("ListCost"),
        effective_amount=cells.number("EffectiveCost"),
        currency=cells.currency("BillingCurrency"),
        conversion_rate=cells.number("x_BillingExchangeRate"),
        tags=cells.labels("Tags") or None,
    )


def _category(cells: Cells) -> str:
    """Category, where a correction is an adjustment unless it corrects a tax or a credit."""
    stated = cells.required_text("ChargeCategory")
    category = _CATEGORIES.get(stated.lower())
    if category is None:
        raise BadField("unknown_category", "ChargeCategory", stated)
    if (cells.text("ChargeClass") or "").lower() == "correction" and category in (
        "usage",
        "purchase",
    ):
        return "adjustment"
    if category == "purchase" and cells.text("CommitmentDiscountId"):
        return "commitment"
    return category


def _unit_price(cells: Cells) -> Decimal | None:
    """The contracted price; some generators write 0 there and mean the list price."""
    contracted = cells.number("ContractedUnitPrice")
    return contracted or cells.number("ListUnitPrice") or contracted


@lru_cache(maxsize=1_000)
def issuer_of(name: str) -> str:
    """``Amazon Web Services EMEA SARL`` as ``aws``, ``Acme Cloud, Inc.`` as ``acme-cloud``."""
    lower = name.strip().lower()
    for beginning, issuer in _ISSUERS:
        if lower.startswith(beginning):
            return issuer
    short = _LEGAL_FORMS.sub("", lower)
    return re.sub(r"[^0-9a-z]+", "-", short).strip("-") or lower
