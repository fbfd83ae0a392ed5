"""What each call costs at our list, exactly, in trillionths of a dollar.

The rules are the ledger's: our own cache and refused calls cost nothing; what has no usage or no
price costs nobody knows what, never 0.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl

from pipeline.simulate.company import MODELS, SERVICE_NUMBER
from pipeline.simulate.providers.prices import Asked, context_threshold, unit_price
from pipeline.simulate.providers.usage import METERS, price_tier

_SKU = ("model", "tier", "is_long", "day")
_SILENT = ("otlp", "langfuse")  # they tell no HTTP status: an error may have been billed


def with_costs(calls: pl.DataFrame) -> pl.DataFrame:
    """Adds ``cost``: trillionths of a dollar, null where it is unknown."""
    thresholds = pl.Series([context_threshold(m.provider, m.requested) or 2**40 for m in MODELS])
    whole = pl.sum_horizontal(list(METERS.values())[:4])
    keyed = calls.select(
        "model", "outcome", "service", "cache_hit", "has_usage", *METERS.values(),
        tier=price_tier(),
        is_long=whole > pl.lit(thresholds).gather(pl.col("model")),
        day=pl.from_epoch("started_ms", time_unit="ms").dt.date(),
    )  # fmt: skip
    priced = keyed.join(_prices(keyed), on=_SKU, how="left", maintain_order="left")
    used = [
        pl.when(pl.col(column) == 0).then(0).otherwise(pl.col(column) * pl.col(f"price_{meter}"))
        for meter, column in METERS.items()
    ]
    silent = pl.col("service").is_in([SERVICE_NUMBER[name] for name in _SILENT])
    refused = ~pl.col("has_usage") & (
        (pl.col("outcome") == "rate_limited") | ((pl.col("outcome") == "error") & ~silent)
    )
    cost = (
        pl.when(pl.col("cache_hit") | refused).then(0)
        .when(pl.col("has_usage")).then(pl.sum_horizontal(used, ignore_nulls=False))
    )  # fmt: skip
    return calls.with_columns(priced.select(cost=cost.cast(pl.Int64)))


def usd(trillionths: int) -> Decimal:
    """An exact amount in dollars."""
    return Decimal(trillionths).scaleb(-12)


def _prices(keyed: pl.DataFrame) -> pl.DataFrame:
    """Unit prices of every model, tier and day met. Grain: ``model``, ``tier``, …, ``day``."""
    rows = []
    for row in keyed.select(_SKU).unique().sort(_SKU).iter_rows(named=True):
        prices = {f"price_{meter}": _price(row, meter) for meter in METERS}
        rows.append(row | prices)
    schema = dict.fromkeys((f"price_{meter}" for meter in METERS), pl.Int64)
    return pl.DataFrame(rows, schema_overrides=schema)


def _price(row: dict[str, Any], meter: str) -> int | None:
    model = MODELS[row["model"]]
    asked = Asked(model.provider, model.requested, row["tier"], row["is_long"], meter, row["day"])
    price = unit_price(asked)
    return None if price is None else int(price.scaleb(12))
