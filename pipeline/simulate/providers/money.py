"""Exchange rates of the made-up company: what a dollar is in the currency a provider bills in."""

from __future__ import annotations

from decimal import Decimal

_USD = Decimal(1)
_BASE, _STEP = {"CAD": Decimal("1.36")}, Decimal("0.005")


def units_per_usd(currency: str, month: str) -> Decimal:
    """Units of the currency for a dollar, as the seed ``fx_rates`` has them."""
    if currency == "USD":
        return _USD
    return _BASE[currency] + _STEP * (int(month[5:]) % 5)


def booked_rate(currency: str, month: str) -> Decimal:
    """Dollars for a unit of the currency, as finance booked the invoice."""
    return (_USD / units_per_usd(currency, month)).quantize(Decimal("0.0001"))
