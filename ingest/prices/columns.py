"""The columns of the price seeds, in order, with the unit each price is quoted in."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

TOKEN_METERS: Final = (
    "input",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "output",
    "input_audio",
    "cache_read_audio",
    "output_audio",
)
"""Priced in USD per million tokens."""

UNIT_METERS: Final = (
    "request",
    "web_search",
    "code_execution",
    "image",
    "audio_second",
    "search_unit",
)
"""Priced in USD per thousand units."""

METERS: Final = TOKEN_METERS + UNIT_METERS

PRICE_LIST_COLUMNS: Final = (
    "price_id",
    "provider",
    "model",
    "service_tier",
    "input_tokens_over",
    "valid_from",
    "valid_to",
    "is_start_known",
    "daily_from_utc",
    "daily_to_utc",
    *(f"{meter}_usd_per_million" for meter in TOKEN_METERS),
    *(f"{meter}_usd_per_thousand" for meter in UNIT_METERS),
    "source",
    "source_version",
    "checked_at",
)

MODEL_ALIAS_COLUMNS: Final = (
    "provider",
    "rule_order",
    "and_group",
    "match_kind",
    "pattern",
    "price_provider",
    "price_model",
    "origin",
)

_PRICE_STEP: Final = Decimal("0.000000001")


def price_column(meter: str) -> str:
    """Name of the price column of a meter.

    Args:
        meter: One of `METERS`.

    Returns:
        The column name, which carries the unit.
    """
    unit = "million" if meter in TOKEN_METERS else "thousand"
    return f"{meter}_usd_per_{unit}"


def price_text(price: Decimal | None) -> str:
    """Write a price as DECIMAL(18,9) text without trailing zeros.

    Args:
        price: The price, or None where none is known.

    Returns:
        Plain decimal text; empty for None, because empty means unknown and 0 means free.
    """
    if price is None:
        return ""
    rounded = price.quantize(_PRICE_STEP, rounding=ROUND_HALF_UP)
    text = format(rounded, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
