"""AWS Cost and Usage Report: CUR 2.0 data exports (and the older headers), CSV or Parquet.

Data flow: CUR rows -> data/raw/provider_lines (source ``aws-cur``), one cost line a row, every
service. A report states a whole billing period and is delivered again until the period closes,
so the period is part of the bucket (``family``): November's report, which may carry late October
usage, does not supersede October's.

``line_item`` is the usage type, in which AWS names model and token class. Who called is kept as
the IAM role only: session names are often e-mails, and IAM users are people.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from ingest.exports.records import InputFile, Line, Record
from ingest.exports.rows import Row
from ingest.sources.bills import Cells, bill_rows, labels_of, lines_of, plain

MANY_FILES = True

_CATEGORIES = {
    "Usage": "usage",
    "DiscountedUsage": "usage",
    "SavingsPlanCoveredUsage": "usage",
    "SavingsPlanNegation": "commitment",
    "SavingsPlanRecurringFee": "commitment",
    "SavingsPlanUpfrontFee": "commitment",
    "RIFee": "commitment",
    "Tax": "tax",
    "Credit": "credit",
    "Refund": "refund",
    "Fee": "fee",
}
_OTHER_CATEGORY = "adjustment"  # BundledDiscount, EdpDiscount, PrivateRateDiscount, new types
_REQUIRED = (
    ("bill_billing_period_start_date",),
    ("bill_payer_account_id",),
    ("line_item_line_item_type",),
    ("line_item_usage_start_date",),
    ("line_item_usage_end_date",),
    ("line_item_usage_type",),
    ("line_item_unblended_cost",),
    ("line_item_currency_code",),
)
_OPTIONAL = (
    "bill_payer_account_name",
    "bill_invoice_id",
    "line_item_usage_account_id",
    "line_item_usage_account_name",
    "line_item_product_code",
    "line_item_line_item_description",
    "line_item_usage_amount",
    "line_item_unblended_rate",
    "line_item_iam_principal",
    "pricing_unit",
    "pricing_public_on_demand_cost",
    "product",
    "product_product_name",
    "product_sku",
    "product_model",
    "product_region_code",
    "product_region",
    "product_inference_type",
    "savings_plan_savings_plan_effective_cost",
    "reservation_effective_cost",
    "tags",
    "resource_tags",
)
_WANTED = {plain(name) for names in (*_REQUIRED, _OPTIONAL) for name in names}
_TAG_COLUMNS = ("resource_tags_", "resourcetags/", "tags_")


def read(file: InputFile) -> Iterator[Record]:
    """Cost lines of one report file; parts of a report are landed together.

    Raises:
        InputError: the file cannot be read or lacks columns of a report.
    """
    _, rows = bill_rows(file, required=_REQUIRED, is_wanted=_is_wanted, canonical=_canonical)
    return lines_of(rows, _line)


def _canonical(name: str) -> str:
    """Older reports write ``lineItem/UsageType``, and one column a tag, whose name is kept."""
    return name.lower() if name.lower().startswith(_TAG_COLUMNS) else plain(name)


def _is_wanted(name: str) -> bool:
    return name in _WANTED or name.startswith(_TAG_COLUMNS)


def _line(row: Row, cells: Cells) -> Line:
    starts_at, ends_at = cells.period("line_item_usage_start_date", "line_item_usage_end_date")
    month = f"{cells.instant('bill_billing_period_start_date'):%Y-%m}"
    kind = cells.required_text("line_item_line_item_type")
    product = cells.labels("product")
    account = cells.text("line_item_usage_account_id")
    return Line(
        source_line=row.line,
        row_number=row.number,
        dataset="cur2",
        family=f"cur@{month}",
        line_kind="cost",
        issuer="aws",
        period_start_at=starts_at,
        period_end_at=ends_at,
        billing_account_id=cells.required_text("bill_payer_account_id"),
        billing_account_name=cells.text("bill_payer_account_name"),
        sub_account_id=account,
        sub_account_name=cells.text("line_item_usage_account_name"),
        project_id=account,
        project_name=cells.text("line_item_usage_account_name"),
        api_key_id=principal_name(cells.text("line_item_iam_principal")),
        invoice_month=month,
        invoice_id=cells.text("bill_invoice_id"),
        charge_category=_CATEGORIES.get(kind, _OTHER_CATEGORY),
        service=cells.text("line_item_product_code", "product_product_name"),
        sku_id=cells.text("product_sku") or product.get("sku"),
        line_item=cells.text("line_item_usage_type", "line_item_line_item_description"),
        model=cells.text("product_model") or product.get("model"),
        token_type=cells.text("product_inference_type") or product.get("inference_type"),
        region=cells.text("product_region_code", "product_region") or product.get("region_code"),
        quantity=cells.number("line_item_usage_amount"),
        unit=cells.text("pricing_unit"),
        unit_price=cells.number("line_item_unblended_rate"),
        amount=cells.required_number("line_item_unblended_cost"),
        list_amount=cells.number("pricing_public_on_demand_cost"),
        effective_amount=_effective(cells, kind),
        currency=cells.currency("line_item_currency_code"),
        tags=_tags(cells) or None,
    )


def _effective(cells: Cells, kind: str) -> Decimal | None:
    """What covered usage costs after commitments; None where no commitment touches it."""
    if kind == "SavingsPlanCoveredUsage":
        return cells.number("savings_plan_savings_plan_effective_cost")
    if kind == "DiscountedUsage":
        return cells.number("reservation_effective_cost")
    return None


def principal_name(arn: str | None) -> str | None:
    """The role behind a caller's ARN; people and sessions are not named.

    ``arn:aws:sts::1:assumed-role/ChatApp/jo@example.com`` is ``ChatApp``.
    """
    if arn is None:
        return None
    kind, _, path = arn.rpartition(":")[2].partition("/")
    if kind == "assumed-role":
        return path.split("/")[0] or None
    if kind == "role":
        return path.split("/")[-1] or None
    return {"user": "(iam user)", "root": "(root)"}.get(kind, "(other principal)")


def _tags(cells: Cells) -> dict[str, Any]:
    """Tags from the map columns, or from one column a tag as older reports have them."""
    found: dict[str, Any] = {}
    for name, value in cells.found.items():
        if name in ("tags", "resourcetags"):
            found |= labels_of(name, value)
        elif name.startswith(_TAG_COLUMNS) and not isinstance(value, Mapping):
            prefix = next(part for part in _TAG_COLUMNS if name.startswith(part))
            found[name.removeprefix(prefix)] = value
    return {key: value for key, value in found.items() if not key.startswith("iamPrincipal/")}
