"""List prices, read from the price seed on a path of the simulator's own: exact, by the day."""

from __future__ import annotations

import csv
import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

SEED = Path(__file__).resolve().parents[3] / "seeds" / "prices"
MILLIONTH, THOUSANDTH = Decimal("0.000001"), Decimal("0.001")
PER_THOUSAND = ("web_search", "code_execution", "search_unit")


@dataclass(frozen=True)
class Asked:
    """What is to be priced.

    Attributes:
        is_long: whether the request's input was over the model's context threshold.
    """

    provider: str
    model: str
    tier: str
    is_long: bool
    meter: str
    day: dt.date


@cache
def unit_price(asked: Asked) -> Decimal | None:
    """Price of one unit in US dollars, or None where the list has none.

    An override wins over the list; of several the longest pattern, then the latest. Its
    multiplier is of the standard tier's price of that day.
    """
    override = _override(asked)
    if override is not None:
        stated = override["usd_per_million"] or override["usd_per_thousand"]
        if stated:
            return Decimal(stated) * _unit_of(asked.meter)
        standard = _listed(asked, "standard")
        return None if standard is None else standard * Decimal(override["multiplier"])
    return _listed(asked, asked.tier)


@cache
def context_threshold(provider: str, model: str) -> int | None:
    """Input tokens above which a request of the model has other prices."""
    rows = _price_list().get((provider, model), ())
    over = [int(row["input_tokens_over"]) for row in rows if row["input_tokens_over"] != "0"]
    return min(over) if over else None


def _unit_of(meter: str) -> Decimal:
    return THOUSANDTH if meter in PER_THOUSAND else MILLIONTH


def _listed(asked: Asked, tier: str) -> Decimal | None:
    rows = [
        row
        for row in _price_list().get((asked.provider, asked.model), ())
        if row["service_tier"] == tier and _holds(row, asked.day)
    ]
    if not rows:
        return None
    over = max if asked.is_long else min
    row = over(rows, key=lambda row: int(row["input_tokens_over"]))
    per = "thousand" if asked.meter in PER_THOUSAND else "million"
    stated = row.get(f"{asked.meter}_usd_per_{per}")
    return Decimal(stated) * _unit_of(asked.meter) if stated else None


def _override(asked: Asked) -> dict[str, str] | None:
    found = [
        row
        for row in _overrides()
        if row["provider"] == asked.provider
        and row["service_tier"] == asked.tier
        and row["meter"] == asked.meter
        and _fits(asked.model, row["model_pattern"])
        and _holds(row, asked.day)
    ]
    if not found:
        return None
    return max(found, key=lambda row: (len(row["model_pattern"]), row["valid_from"]))


def _fits(model: str, pattern: str) -> bool:
    if pattern.endswith("*"):
        return model.startswith(pattern[:-1])
    return model == pattern


def _holds(row: dict[str, str], day: dt.date) -> bool:
    text = day.isoformat()
    return row["valid_from"][:10] <= text and (not row["valid_to"] or text < row["valid_to"][:10])


@cache
def _price_list() -> dict[tuple[str, str], list[dict[str, str]]]:
    by_model: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in _rows("price_list"):
        by_model.setdefault((row["provider"], row["model"]), []).append(row)
    return by_model


@cache
def _overrides() -> list[dict[str, str]]:
    return _rows("price_overrides")


def _rows(name: str) -> list[dict[str, str]]:
    with (SEED / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))
