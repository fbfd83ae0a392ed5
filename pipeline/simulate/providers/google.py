"""Google's billing export to BigQuery: a row a SKU, project and Pacific day, credits nested."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from pipeline.simulate.delivery import Output
from pipeline.simulate.providers.charges import Charge
from pipeline.simulate.providers.prices import Asked, unit_price

Json = dict[str, Any]
ACCOUNT = "01AB34-5C6D7E-89F012"
AGREED = Decimal("0.88")  # of the list price, for what is on it: agreed, and in no seed of ours
CREDITED = Decimal("0.05")  # of each charge, paid by a promotion
_ZONE = ZoneInfo("America/Los_Angeles")
_SERVICE = {"id": "C7E2-9256-1C43", "description": "Vertex AI"}
_WORDS = {
    "input": "Text Input",
    "cache_read": "Text Input Caching",
    "output": "Text Output",
    "thinking": "Thinking Text Output",
}


def discounted(charge: Charge) -> Charge:
    """A charge with the agreed discount; what our price list lacks is charged in full."""
    return replace(charge, amount=charge.listed * AGREED + (charge.at_list - charge.listed))


def credit_of(charge: Charge) -> Decimal:
    """The credit of a charge, negative."""
    return -charge.amount * CREDITED


def write_export(output: Output, charges: list[Charge]) -> None:
    """One file of rows a month, of charges by project and Pacific day."""
    rows = [row for charge in charges for row in _rows(charge)]
    for month in sorted({row["invoice"]["month"] for row in rows}):
        own = [orjson.dumps(row) for row in rows if row["invoice"]["month"] == month]
        name = f"gcp-billing/{month[:4]}-{month[4:]}.json"
        output.write(name, b"\n".join(own) + b"\n", Counter(landed=len(own)))


def sku_of(charge: Charge, word: str) -> str:
    """The SKU's description."""
    if "embedding" in charge.model:
        return "Gemini Embedding Text Input"
    name = re.sub(r"^gemini-", "Gemini ", charge.model).replace("-", " ").title()
    context = " Long Context" if charge.is_long else ""
    end = "Batch Predictions" if charge.tier == "batch" else "Predictions"
    return f"{name} GA{context} {_WORDS[word]} - {end}"


def _parts(charge: Charge) -> list[Charge]:
    """Thinking has a SKU of its own."""
    price = unit_price(
        Asked("google", charge.model, charge.tier, charge.is_long, charge.meter, charge.day)
    )
    if charge.meter != "output" or not charge.reasoning or price is None:
        return [charge]
    listed = charge.reasoning * price
    thinking = replace(
        charge, meter="thinking", quantity=charge.reasoning, listed=listed, at_list=listed,
        amount=listed * AGREED,
    )  # fmt: skip
    rest = replace(
        charge,
        quantity=charge.quantity - thinking.quantity,
        listed=charge.listed - listed,
        at_list=charge.at_list - listed,
        amount=charge.amount - thinking.amount,
    )
    return [part for part in (thinking, rest) if part.quantity]


def _rows(charge: Charge) -> list[Json]:
    start = dt.datetime.combine(charge.day, dt.time(), _ZONE)
    end = dt.datetime.combine(charge.day + dt.timedelta(days=1), dt.time(), _ZONE)
    found = []
    for part in _parts(charge):
        listed, effective = _per_million(part.at_list, part), _per_million(part.amount, part)
        description = sku_of(charge, part.meter)
        found.append(
            {
                "billing_account_id": ACCOUNT,
                "invoice": {"month": charge.day.strftime("%Y%m")},
                "cost_type": "regular",
                "service": _SERVICE,
                "sku": {"id": _sku_id(description), "description": description},
                "usage_start_time": _utc(start),
                "usage_end_time": _utc(end),
                "project": {"id": charge.project, "name": charge.project},
                "labels": [{"key": "team", "value": charge.project.removeprefix("proj_")}],
                "location": {"location": "us-central1", "region": "us-central1"},
                "export_time": _utc(end + dt.timedelta(hours=9)),
                "cost": _number(part.amount),
                "currency": "USD",
                "currency_conversion_rate": 1.0,
                "usage": {
                    "amount": part.quantity,
                    "unit": "count",
                    "amount_in_pricing_units": part.quantity,
                    "pricing_unit": "count",
                },
                "credits": [
                    {
                        "name": "Startup program",
                        "amount": _number(credit_of(part)),
                        "type": "PROMOTION",
                    }
                ],
                "cost_at_list": _number(part.at_list),
                "price": {
                    "effective_price": _number(effective),
                    "list_price": _number(listed),
                    "tier_start_amount": 0,
                    "unit": "count",
                    "pricing_unit_quantity": 1_000_000,
                },
            }
        )
    return found


def _per_million(amount: Decimal, charge: Charge) -> Decimal:
    """The price the row states, of a million."""
    return (amount * 1_000_000 / charge.quantity).quantize(Decimal("0.000000001"))


def _number(value: Decimal) -> orjson.Fragment:
    return orjson.Fragment(format(value, "f").encode())


def _utc(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _sku_id(description: str) -> str:
    digest = hashlib.sha256(description.encode()).hexdigest().upper()
    return f"{digest[:4]}-{digest[4:8]}-{digest[8:12]}"
