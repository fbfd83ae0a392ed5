"""Azure actual cost exports: the 50 documented columns and the header's other spellings.

Data flow: actual-cost rows -> data/raw/provider_lines (source ``azure-costs``, dataset
``actual``), one cost line a row in the billing currency. An export states a billing period and is
delivered again until it closes, so the period is part of the bucket (``family``).

Names differ by agreement and year (``Cost``, ``CostInBillingCurrency``, ``costInBillingCurrency``),
so case and blanks are ignored. Dates are ISO, or month first as older exports print them; a date
that could only be day first is refused rather than guessed.

Azure's FOCUS export states the same charges: it is read as ``focus`` reads it, into the same
buckets, so that the later of the two wins.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal

from ingest.exports.records import InputFile, Line, Record
from ingest.exports.rows import Row
from ingest.exports.values import BadField
from ingest.sources import focus
from ingest.sources.bills import EXACT, Cells, bill_rows, lines_of, plain

MANY_FILES = True

_DATE = ("Date", "UsageDateTime", "UsageDate")
_COST = ("Cost", "CostInBillingCurrency", "PreTaxCost")
_CURRENCY = ("BillingCurrency", "BillingCurrencyCode", "Currency", "CurrencyCode")
_PRICING_CURRENCY = ("PricingCurrency", "PricingCurrencyCode")
_RATE = ("ExchangeRatePricingToBilling", "ExchangeRate")
_METER = ("MeterName", "Meter")
_QUANTITY = ("Quantity", "UsageQuantity")
_PERIOD = ("BillingPeriodStartDate",)
_REQUIRED = (
    _DATE,
    _COST,
    _CURRENCY,
    _METER,
    _QUANTITY,
    ("BillingAccountId",),
    ("ChargeType",),
)
_OPTIONAL = (
    *_PRICING_CURRENCY,
    *_RATE,
    *_PERIOD,
    "BillingAccountName",
    "SubscriptionId",
    "SubscriptionGuid",
    "SubscriptionName",
    "InvoiceId",
    "MeterCategory",
    "ConsumedService",
    "MeterId",
    "MeterRegion",
    "ResourceLocation",
    "UnitOfMeasure",
    "EffectivePrice",
    "UnitPrice",
    "PayGPrice",
    "PaygCostInBillingCurrency",
    "Tags",
)
_WANTED = {plain(name) for names in (*_REQUIRED, _OPTIONAL) for name in names}
_CATEGORIES = {
    "usage": "usage",
    "purchase": "purchase",
    "refund": "refund",
    "tax": "tax",
    "adjustment": "adjustment",
    "roundingadjustment": "rounding",
    "unusedreservation": "commitment",
    "unusedsavingsplan": "commitment",
    "credit": "credit",
}
_MONTH_FIRST = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})( 0?12:00:00 AM| 0?0:00(:00)?)?")


def read(file: InputFile) -> Iterator[Record]:
    """Cost lines of one export file; parts of an export are landed together.

    Raises:
        InputError: the file cannot be read or lacks columns of an actual-cost export.
    """
    columns, _ = bill_rows(file, required=(), is_wanted=_WANTED.__contains__)
    if {"billedcost", "chargeperiodstart"} <= columns:
        return map(_as_actual, focus.read(file))
    _, rows = bill_rows(file, required=_REQUIRED, is_wanted=_WANTED.__contains__)
    return lines_of(rows, _line)


def _as_actual(record: Record) -> Record:
    """A FOCUS line in the bucket of the actual cost; its account is the last part of a path."""
    if isinstance(record, Line):
        record.family = f"actual@{record.invoice_month}"
        record.billing_account_id = (record.billing_account_id or "").rpartition("/")[2]
    return record


def _line(row: Row, cells: Cells) -> Line:
    day = _day(cells, *_DATE)
    has_period = cells.raw(*_PERIOD) is not None
    month = f"{_day(cells, *_PERIOD) if has_period else day:%Y-%m}"
    subscription = cells.text("SubscriptionId", "SubscriptionGuid")
    currency = cells.currency(*_CURRENCY)
    return Line(
        source_line=row.line,
        row_number=row.number,
        dataset="actual",
        family=f"actual@{month}",
        line_kind="cost",
        issuer="azure",
        period_start_at=day,
        period_end_at=day + dt.timedelta(days=1),
        billing_account_id=cells.required_text("BillingAccountId").rpartition("/")[2],
        billing_account_name=cells.text("BillingAccountName"),
        sub_account_id=subscription,
        sub_account_name=cells.text("SubscriptionName"),
        project_id=subscription,
        project_name=cells.text("SubscriptionName"),
        invoice_month=month if has_period else None,
        invoice_id=cells.text("InvoiceId"),
        charge_category=_category(cells),
        service=cells.text("MeterCategory", "ConsumedService"),
        sku_id=cells.text("MeterId"),
        line_item=cells.text(*_METER),
        region=cells.text("ResourceLocation", "MeterRegion"),
        quantity=cells.number(*_QUANTITY),
        unit=cells.text("UnitOfMeasure"),
        unit_price=cells.number("EffectivePrice", "UnitPrice"),
        amount=cells.required_number(*_COST),
        list_amount=_list_amount(cells, currency),
        currency=currency,
        conversion_rate=cells.number(*_RATE),
        tags=cells.labels("Tags") or None,
    )


def _category(cells: Cells) -> str:
    """The charge type; new ones are adjustments, so that no money is left out."""
    return _CATEGORIES.get(plain(cells.required_text("ChargeType")), "adjustment")


def _list_amount(cells: Cells, currency: str) -> Decimal | None:
    """Cost at the listed price, in the billing currency; None where the rate is not stated."""
    stated = cells.number("PaygCostInBillingCurrency")
    price = cells.number("PayGPrice", "UnitPrice")
    quantity = cells.number(*_QUANTITY)
    if stated is not None or price is None or quantity is None:
        return stated
    amount = EXACT.multiply(price, quantity)
    if (cells.text(*_PRICING_CURRENCY) or currency).upper() == currency:
        return amount
    rate = cells.number(*_RATE)
    return None if rate is None else EXACT.multiply(amount, rate)


def _day(cells: Cells, *names: str) -> dt.datetime:
    """Midnight UTC of a date that must be given."""
    value = cells.raw(*names)
    month_first = _MONTH_FIRST.fullmatch(value.strip()) if isinstance(value, str) else None
    if not month_first:
        at = cells.instant(*names)
        return at.replace(hour=0, minute=0, second=0, microsecond=0)
    month, day, year = (int(part) for part in month_first.groups()[:3])
    try:
        return dt.datetime(year, month, day, tzinfo=dt.UTC)
    except ValueError:
        raise BadField("bad_timestamp", names[0], value) from None
