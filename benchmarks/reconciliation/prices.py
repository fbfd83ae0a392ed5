"""The price list of the made-up companies: dollars for a million units, all year round.

Written as the seed the warehouse prices with, and used on the generator's own path.
"""

from __future__ import annotations

from decimal import Decimal

MILLIONTH = Decimal("0.000001")
METERS = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "web_search")

# provider -> model -> standard prices in the order of METERS
STANDARD: dict[str, dict[str, tuple[str | None, ...]]] = {
    "openai": {
        "gpt-5-mini": ("0.25", "0.025", None, None, "2", "10000"),
        "gpt-4.1": ("2", "0.5", None, None, "8", "10000"),
        "gpt-4o-mini": ("0.15", "0.075", None, None, "0.6", "10000"),
    },
    "anthropic": {
        "claude-haiku-4-5": ("1", "0.1", "1.25", "2", "5", "10000"),
        "claude-sonnet-4-5": ("3", "0.3", "3.75", "6", "15", "10000"),
        "claude-opus-4-5": ("5", "0.5", "6.25", "10", "25", "10000"),
    },
    "google": {
        "gemini-2.5-flash": ("0.3", "0.075", None, None, "2.5", "35000"),
        "gemini-2.5-pro": ("1.25", "0.31", None, None, "10", "35000"),
        "gemini-2.5-flash-lite": ("0.1", "0.025", None, None, "0.4", "35000"),
    },
}
# Nobody's list knows this one's price.
UNPRICED_MODEL = {
    "openai": "gpt-new-preview",
    "anthropic": "claude-new-preview",
    "google": "gemini-new-preview",
}
UNPRICED_PRICES = ("4", "1", "5", "8", "16", "10000")
TIER_FACTORS = {"standard": Decimal(1), "batch": Decimal("0.5"), "priority": Decimal(2)}


def unit_price(provider: str, model: str, tier: str, meter: str) -> Decimal:
    """What the provider's own list says one unit costs. Tools cost the same in every tier."""
    row = STANDARD[provider].get(model, UNPRICED_PRICES)
    price = row[METERS.index(meter)]
    if price is None:
        raise ValueError(f"{provider} {model} has no price for {meter}")
    factor = TIER_FACTORS[tier] if meter != "web_search" else Decimal(1)
    return Decimal(price) * factor * MILLIONTH


def meters_of(provider: str) -> tuple[str, ...]:
    """The meters a provider's models have."""
    row = next(iter(STANDARD[provider].values()))
    return tuple(meter for meter, price in zip(METERS, row, strict=True) if price is not None)
