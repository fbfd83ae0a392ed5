"""Google Cloud billing: the BigQuery export, standard and detailed, as JSON, CSV or Parquet.

Data flow: rows of the export table -> data/raw/provider_lines (source ``gcp-billing``), one cost
line a row, in the row's currency. ``cost`` is before credits; the nested credits are summed into
``credit_amount``.

The table only grows: every append carries one ``export_time``, rows of past days keep arriving
with later ones, and none is ever changed. So a bucket is one append of one day (``family``):
a file of late rows adds to the day, the same rows delivered again are duplicates, and a full
re-export brings what is new. Standard and detailed state the same cost twice: land one of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from ingest.exports import values
from ingest.exports.records import InputFile, Line, Record
from ingest.exports.rows import Row
from ingest.exports.values import BadField
from ingest.sources.bills import EXACT, Cells, bill_rows, lines_of, parsed, plain

MANY_FILES = True

_CATEGORIES = {
    "regular": "usage",
    "tax": "tax",
    "adjustment": "adjustment",
    "rounding_error": "rounding",
}
# Records of the table; flattened queries name their fields sku.description or sku_description.
_RECORDS = ("invoice", "service", "sku", "project", "location", "usage", "price", "adjustment_info")
_SCALARS = (
    "billing_account_id",
    "cost_type",
    "usage_start_time",
    "usage_end_time",
    "export_time",
    "cost",
    "currency",
    "currency_conversion_rate",
    "cost_at_list",
    "credits",
    "labels",
    "tags",
)
_REQUIRED = (
    ("billing_account_id",),
    ("usage_start_time",),
    ("usage_end_time",),
    ("export_time",),
    ("cost",),
    ("currency",),
    ("sku", "sku.description", "sku.id"),
)
_WANTED = frozenset(map(plain, _SCALARS))
_WANTED_PREFIXES = tuple(map(plain, _RECORDS))
_NO_FIELDS = frozenset({"projectlabels", "projectancestors", "projectancestrynumbers"})


def read(file: InputFile) -> Iterator[Record]:
    """Cost lines of one export file.

    Raises:
        InputError: the file cannot be read or lacks columns of the billing export.
    """
    columns, rows = bill_rows(file, required=_REQUIRED, is_wanted=_is_wanted)
    is_detailed = any(column.startswith(("price", "resource")) for column in columns)
    dataset = "detailed" if is_detailed else "standard"
    return lines_of(rows, lambda row, cells: _line(row, _flattened(cells), dataset))


def _is_wanted(name: str) -> bool:
    return name in _WANTED or (name.startswith(_WANTED_PREFIXES) and name not in _NO_FIELDS)


def _line(row: Row, cells: Cells, dataset: str) -> Line:
    starts_at, ends_at = cells.period("usage_start_time", "usage_end_time")
    exported_at = cells.instant("export_time")
    return Line(
        source_line=row.line,
        row_number=row.number,
        dataset=dataset,
        family=f"billing@{exported_at:%Y-%m-%dT%H:%M:%S.%fZ}",
        line_kind="cost",
        issuer="google",
        period_start_at=starts_at,
        period_end_at=ends_at,
        billing_account_id=cells.required_text("billing_account_id"),
        project_id=cells.text("project.id"),
        project_name=cells.text("project.name"),
        invoice_month=_month(cells),
        charge_category=_category(cells),
        service=cells.text("service.description", "service.id"),
        sku_id=cells.text("sku.id"),
        line_item=cells.text("sku.description"),
        region=cells.text("location.region", "location.location"),
        quantity=cells.number("usage.amount"),
        unit=cells.text("usage.unit"),
        pricing_quantity=cells.number("usage.amount_in_pricing_units"),
        pricing_unit=_pricing_unit(cells),
        unit_price=cells.number("price.effective_price"),
        amount=cells.required_number("cost"),
        list_amount=cells.number("cost_at_list"),
        credit_amount=_credits(cells),
        currency=cells.currency("currency"),
        conversion_rate=cells.number("currency_conversion_rate"),
        tags={**cells.labels("tags"), **cells.labels("labels")} or None,
        exported_at=exported_at,
    )


def _flattened(cells: Cells) -> Cells:
    """The cells with the fields of the records beside them."""
    found = dict(cells.found)
    for part in _RECORDS:
        record = found.get(plain(part))
        if isinstance(record, str) and record[:1] == "{":
            record = parsed(part, record)
        if isinstance(record, Mapping):
            found |= {plain(part + key): v for key, v in record.items() if v is not None}
    return Cells(found)


def _category(cells: Cells) -> str:
    stated = cells.text("cost_type") or "regular"
    category = _CATEGORIES.get(stated)
    if category is None:
        raise BadField("unknown_category", "cost_type", stated)
    if category != "usage":
        return category
    if cells.text("adjustment_info.id"):
        return "adjustment"
    is_fee = (cells.text("sku.description") or "").startswith("Commitment")
    return "commitment" if is_fee else "usage"


def _month(cells: Cells) -> str | None:
    stated = cells.text("invoice.month")
    if stated is None:
        return None
    month = values.month(stated)
    if month is None:
        raise BadField("bad_timestamp", "invoice.month", stated)
    return month


def _pricing_unit(cells: Cells) -> str | None:
    """The unit a price is for: some are per 1,000,000 of it, which the detailed table states."""
    unit = cells.text("usage.pricing_unit", "price.unit")
    per = cells.number("price.pricing_unit_quantity")
    if unit is None or per is None or per == 1:
        return unit
    return f"{per.normalize():f} {unit}"


def _credits(cells: Cells) -> Decimal | None:
    """The sum of the nested credits, which are negative; None where there are none."""
    credits = cells.raw("credits")
    if isinstance(credits, str):
        credits = parsed("credits", credits)
    if not credits:
        return None
    if not isinstance(credits, list):
        raise BadField("wrong_type", "credits", credits)
    total = Decimal(0)
    for credit in credits:
        if not isinstance(credit, Mapping):
            raise BadField("wrong_type", "credits", credit)
        total = EXACT.add(total, values.required_amount(credit, "amount"))
    return total
