"""Cells of exports as exact values; what does not fit raises ``BadField`` with its reason.

Money and quantities come from the source's own digits: JSON numbers are parsed as ``Decimal``,
never through float. Numbers are plain: no thousands separators, no currency signs.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FIRST, _LAST = 946_684_800, 4_102_444_800  # the years 2000 to 2099
DAY = dt.timedelta(days=1)
_MONTH_NAMES = (
    "january february march april may june july august september october november december"
)
_MONTHS = {
    name: number
    for number, whole in enumerate(_MONTH_NAMES.split(), start=1)
    for name in (whole, whole[:3])
}


class BadField(ValueError):
    """A field that makes its row impossible to land.

    Args:
        reason: reason code of the quarantine.
        field: the source's own name of the field.
        value: what it held.
    """

    def __init__(self, reason: str, field: str, value: Any = None) -> None:
        self.reason = reason
        self.field = field
        self.value = None if value is None else str(value)[:200]
        super().__init__(f"{reason}: {field}={self.value}")


def is_missing(value: Any) -> bool:
    """Whether a cell says nothing: absent, null or blank."""
    return value is None or (isinstance(value, str) and not value.strip())


def text(cells: Mapping[str, Any], field: str) -> str | None:
    """A label as text, None where it is missing; numbers and flags as they are written."""
    value = cells.get(field)
    if is_missing(value):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (Mapping, list, tuple)):
        raise BadField("wrong_type", field, value)
    return str(value).strip()


def required_text(cells: Mapping[str, Any], field: str) -> str:
    """A label that must be there."""
    value = text(cells, field)
    if value is None:
        raise BadField("missing_field", field)
    return value


def amount(cells: Mapping[str, Any], field: str, reason: str = "bad_amount") -> Decimal | None:
    """A decimal number as number or text, None where it is missing."""
    value = cells.get(field)
    if is_missing(value):
        return None
    if isinstance(value, bool):
        raise BadField(reason, field, value)
    if isinstance(value, (int, Decimal)):
        number = Decimal(value)
    elif isinstance(value, float):  # only Parquet doubles: their shortest text is what was meant
        number = Decimal(repr(value))
    elif isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        try:
            number = Decimal(value.strip())
        except InvalidOperation as error:
            raise BadField(reason, field, value) from error
    else:
        raise BadField(reason, field, value)
    if not number.is_finite() or number.adjusted() > 19:
        raise BadField(reason, field, value)
    return number


def required_amount(cells: Mapping[str, Any], field: str) -> Decimal:
    """A decimal number that must be there."""
    value = amount(cells, field)
    if value is None:
        raise BadField("missing_field", field)
    return value


def count(cells: Mapping[str, Any], field: str) -> Decimal | None:
    """A whole number of tokens, requests, …; None where it is missing."""
    value = amount(cells, field, "wrong_type")
    if value is None:
        return None
    if value < 0:
        raise BadField("negative_count", field, value)
    if value != value.to_integral_value():
        raise BadField("wrong_type", field, value)
    return value


def required_count(cells: Mapping[str, Any], field: str) -> Decimal:
    """A whole number that must be there."""
    value = count(cells, field)
    if value is None:
        raise BadField("missing_field", field)
    return value


def flag(cells: Mapping[str, Any], field: str) -> bool | None:
    """A true or false, also as text."""
    value = cells.get(field)
    if is_missing(value):
        return None
    if isinstance(value, bool):
        return value
    known = {"true": True, "false": False, "1": True, "0": False}
    found = known.get(str(value).strip().lower())
    if found is None:
        raise BadField("wrong_type", field, value)
    return found


def instant(cells: Mapping[str, Any], field: str) -> dt.datetime:
    """An instant that must be there: unix seconds, ISO text, or a date (its UTC midnight).

    Exports that print no zone document their times as UTC.
    """
    value = cells.get(field)
    if is_missing(value):
        raise BadField("missing_field", field)
    found = parsed_instant(value)
    if found is None:
        raise BadField("bad_timestamp", field, value)
    return found


def parsed_instant(value: Any) -> dt.datetime | None:
    """An instant, or None where the value is none of this century."""
    found: dt.datetime | None = None
    try:
        if isinstance(value, dt.datetime):
            found = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
        elif isinstance(value, dt.date):
            found = dt.datetime.combine(value, dt.time(), dt.UTC)
        elif isinstance(value, (int, Decimal)) and not isinstance(value, bool):
            found = dt.datetime.fromtimestamp(int(value), dt.UTC) if value == int(value) else None
        elif isinstance(value, str):
            found = _instant_of_text(value.strip())
    except (ValueError, OverflowError, OSError):
        return None
    if found is None or not _FIRST <= found.timestamp() < _LAST:
        return None
    return found.astimezone(dt.UTC)


def _instant_of_text(value: str) -> dt.datetime | None:
    value = re.sub(r"^([0-9]+)\.0+$", r"\1", value)  # seconds that went through a spreadsheet
    if value.isascii() and value.isdigit():
        return dt.datetime.fromtimestamp(int(value), dt.UTC) if len(value) <= 11 else None
    if not _DATE.match(value):
        return None
    cleaned = value.removesuffix(" UTC").replace("Z", "+00:00")
    found = dt.datetime.fromisoformat(cleaned)
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


def day_of(value: Any) -> dt.date | None:
    """A calendar day, or None where the value is none."""
    found = parsed_instant(value) if not str(value).strip().isdigit() else None
    return found.date() if found else None


def period(cells: Mapping[str, Any], start: str, end: str) -> tuple[dt.datetime, dt.datetime]:
    """A bucket's start and exclusive end; a day where the end is not said."""
    first = instant(cells, start)
    last = first + DAY if is_missing(cells.get(end)) else instant(cells, end)
    if last <= first:
        raise BadField("bad_timestamp", end, cells.get(end))
    return first, last


def currency(cells: Mapping[str, Any], field: str) -> str:
    """An ISO currency code that must be there, in upper case."""
    value = required_text(cells, field).upper()
    if not re.fullmatch(r"[A-Z]{3}", value):
        raise BadField("bad_currency", field, value)
    return value


def month(value: str) -> str | None:
    """A billing month as ``YYYY-MM``.

    From ``2026-10``, ``202610``, ``2026-10-01``, ``2026/10``, ``10/2026``, ``Oct 2026``.
    """
    named_month = re.fullmatch(r"([A-Za-z]+)[ -]([0-9]{4})", value.strip())
    if named_month:
        found = _MONTHS.get(named_month.group(1).lower())
        return f"{named_month.group(2)}-{found:02}" if found else None
    for pattern in (r"(\d{4})[-/]?(\d{2})(-\d{2})?", r"(?P<m>\d{1,2})/(?P<y>\d{4})"):
        match = re.fullmatch(pattern, value.strip())
        if match:
            named = match.groupdict()
            year, number = (named["y"], named["m"]) if named else match.group(1, 2)
            return f"{year}-{int(number):02}" if 1 <= int(number) <= 12 else None
    return None
