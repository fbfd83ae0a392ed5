"""Price list rows out of the installed `genai-prices`, one wide row per price that can apply.

Data flow: `genai_prices` objects -> `seeds/prices/price_list.csv`.

The library is asked, through its own `get_prices`, at every point where its answer can change:
each start date, each time of day, each context threshold, each service tier. Its fallbacks are
written into the row, so SQL needs none: a cache read without a price costs what input costs, a
cache write likewise, a one-hour write what a five-minute write costs, audio what text costs.

What the rows do not say, on purpose:

* A price that the call log cannot pick is left empty, so its calls show as unpriced instead of
  cheap: output of models that bill image, video, reasoning or citation tokens apart.
* Models billed by characters, messages, pixels or pages have no row: the log has no such meter.
* A start the library does not know is 2000-01-01 with `is_start_known` false. Starts of batch,
  flex and priority rows are the day the *library learnt* them, so never known.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from importlib.metadata import version

from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import (
    ModelInfo,
    ModelPrice,
    Provider,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)

from ingest.prices.columns import METERS, PRICE_LIST_COLUMNS, price_text

UNKNOWN_START = date(2000, 1, 1)
STANDARD = "standard"
_DAY_SECONDS = 86_400
_TIER_FIELDS = ("processing", "service_tier", "speed")
"""Context fields that name a service tier; others (route, search type) are not in a call log."""

_OUTPUT_PARTS = (
    "output_image_mtok",
    "output_video_mtok",
    "output_reasoning_mtok",
    "output_citation_mtok",
)
_UNLOGGED_UNITS = (
    "input_text_messages_kcount",
    "input_mchars",
    "input_gpixels",
    "input_document_kpages",
    "input_annotated_document_kpages",
)


@dataclass(frozen=True)
class PriceRow:
    """One row of the price list; `prices` is in the order of `METERS`."""

    provider: str
    model: str
    service_tier: str
    input_tokens_over: int
    valid_from: date
    valid_to: date | None
    is_start_known: bool
    daily_from: int | None
    daily_to: int | None
    prices: tuple[Decimal | None, ...]
    source: str

    @property
    def price_id(self) -> str:
        """Readable and stable: later rows do not change the ids of earlier ones."""
        window = "" if self.daily_from is None else f"T{_clock(self.daily_from)}"
        return (
            f"{self.provider}/{self.model}:{self.service_tier}"
            f">{self.input_tokens_over}@{self.valid_from.isoformat()}{window}"
        )

    def as_csv(self, source_version: str, checked_at: date) -> dict[str, str]:
        """The row as text for `PRICE_LIST_COLUMNS`.

        Args:
            source_version: Version of the catalogue.
            checked_at: Day on which the catalogue was taken.

        Returns:
            Column name to text; empty where nothing is known.
        """
        values = (
            self.price_id,
            self.provider,
            self.model,
            self.service_tier,
            str(self.input_tokens_over),
            self.valid_from.isoformat(),
            "" if self.valid_to is None else self.valid_to.isoformat(),
            "true" if self.is_start_known else "false",
            "" if self.daily_from is None else _clock(self.daily_from),
            "" if self.daily_to is None else _clock(self.daily_to),
            *(price_text(price) for price in self.prices),
            self.source,
            source_version,
            checked_at.isoformat(),
        )
        return dict(zip(PRICE_LIST_COLUMNS, values, strict=True))


def catalogue_version() -> str:
    """Version of the installed `genai-prices`."""
    return version("genai-prices")


def providers() -> list[Provider]:
    """The library's own providers, in its own order (the order decides which match wins)."""
    return list(get_snapshot().providers)


def served_models(provider: Provider) -> Iterator[tuple[Provider, ModelInfo, str]]:
    """Every model a provider can be asked for: its own, then those of its fallbacks.

    Args:
        provider: A provider of the library.

    Yields:
        The provider whose price it is, the model, and the id under which it stands in our seeds
        (prefixed with the owner only where the provider has its own model of that id).
    """
    own_ids = {model.id for model in provider.models}
    for model in provider.models:
        yield provider, model, model.id
    by_id = {other.id: other for other in providers()}
    taken = set(own_ids)
    for fallback in provider.fallback_model_providers or ():
        owner = by_id[fallback]
        for model in owner.models:
            model_id = f"{owner.id}/{model.id}" if model.id in taken else model.id
            taken.add(model_id)
            yield owner, model, model_id


def price_rows() -> list[PriceRow]:
    """All rows of the price list, sorted.

    Returns:
        Rows that do not overlap: one provider, model and tier has one price at any moment,
        time of day and input size.
    """
    rows: list[PriceRow] = []
    for provider in providers():
        for owner, model, model_id in served_models(provider):
            rows.extend(_model_rows(provider, owner, model, model_id))
    return sorted(
        rows,
        key=lambda row: (
            row.provider,
            row.model,
            row.service_tier,
            row.valid_from,
            row.input_tokens_over,
            row.daily_from or 0,
        ),
    )


def _model_rows(
    provider: Provider, owner: Provider, model: ModelInfo, model_id: str
) -> Iterator[PriceRow]:
    if any(_names_price(price, _UNLOGGED_UNITS) for price in _all_prices(model)):
        return
    source = "genai-prices" if owner is provider else f"genai-prices, price of {owner.id}"
    # The library prices a borrowed model without variants, so do we: no tier but standard.
    contexts = _tier_contexts(model) if owner is provider else []
    for service_tier, context in [(STANDARD, None), *contexts]:
        previous: list[PriceRow] = []
        for valid_from, valid_to in _periods(model):
            rows = [
                PriceRow(
                    provider=provider.id,
                    model=model_id,
                    service_tier=service_tier,
                    input_tokens_over=threshold,
                    valid_from=valid_from,
                    valid_to=valid_to,
                    is_start_known=context is None and valid_from != UNKNOWN_START,
                    daily_from=daily_from,
                    daily_to=daily_to,
                    prices=_wide_prices(price, threshold),
                    source=source,
                )
                for daily_from, daily_to, price in _windows(model, valid_from, context)
                for threshold in _thresholds(price)
            ]
            rows = [row for row in rows if any(price is not None for price in row.prices)]
            if previous and _same_terms(previous, rows):
                previous = [replace(row, valid_to=valid_to) for row in previous]
                continue
            yield from previous
            previous = rows
        yield from previous


def _same_terms(left: list[PriceRow], right: list[PriceRow]) -> bool:
    def terms(rows: list[PriceRow]) -> list[tuple[object, ...]]:
        return [(r.input_tokens_over, r.daily_from, r.daily_to, r.prices) for r in rows]

    return terms(left) == terms(right)


def _all_prices(model: ModelInfo) -> list[ModelPrice]:
    if isinstance(model.prices, ModelPrice):
        return [model.prices]
    return [conditional.prices for conditional in model.prices]


def _constraints(model: ModelInfo) -> Iterator[StartDateConstraint | TimeOfDateConstraint]:
    if not isinstance(model.prices, ModelPrice):
        for conditional in model.prices:
            if conditional.constraint is not None:
                yield conditional.constraint
    for variant in model.price_variants or ():
        if variant.constraint is not None:
            yield variant.constraint


def _periods(model: ModelInfo) -> list[tuple[date, date | None]]:
    starts = {
        constraint.start_date
        for constraint in _constraints(model)
        if isinstance(constraint, StartDateConstraint)
    }
    edges = sorted({UNKNOWN_START, *starts})
    return list(zip(edges, [*edges[1:], None], strict=True))


def _tier_contexts(model: ModelInfo) -> list[tuple[str, dict[str, str]]]:
    contexts: dict[str, dict[str, str]] = {}
    for variant in model.price_variants or ():
        if len(variant.when) != 1:
            continue
        ((field, tier),) = variant.when.items()
        if field in _TIER_FIELDS and tier != "default":
            contexts[tier] = dict(variant.when)
    return sorted(contexts.items())


def _windows(
    model: ModelInfo, day: date, context: dict[str, str] | None
) -> list[tuple[int | None, int | None, ModelPrice]]:
    """The prices of one day, cut where the time of day changes them."""
    edges = {0, _DAY_SECONDS}
    for constraint in _constraints(model):
        if isinstance(constraint, TimeOfDateConstraint):
            edges.update((_second(constraint.start_time), _second(constraint.end_time)))
    cuts = sorted(edges)
    midnight = datetime.combine(day, time(), tzinfo=UTC)
    windows: list[tuple[int, int, ModelPrice]] = []
    for start, end in itertools.pairwise(cuts):
        moment = midnight + timedelta(seconds=start)
        if context is not None and not _is_listed(model, moment, context):
            continue
        price = model.get_prices(moment, context)
        if windows and windows[-1][1] == start and windows[-1][2] == price:
            windows[-1] = (windows[-1][0], end, price)
        else:
            windows.append((start, end, price))
    if [window[:2] for window in windows] == [(0, _DAY_SECONDS)]:
        return [(None, None, windows[0][2])]
    return list(windows)


def _is_listed(model: ModelInfo, moment: datetime, context: dict[str, str]) -> bool:
    """Whether the library has a price of its own for this tier at this moment."""
    return any(
        variant.when == context
        and (variant.constraint is None or variant.constraint.active(moment))
        for variant in model.price_variants or ()
    )


def _thresholds(price: ModelPrice) -> list[int]:
    starts = {
        tier.start
        for value in price.__dict__.values()
        if isinstance(value, TieredPrices)
        for tier in value.tiers
    }
    return sorted({0, *starts})


def _wide_prices(price: ModelPrice, threshold: int) -> tuple[Decimal | None, ...]:
    def at(key: str) -> Decimal | None:
        return _at_threshold(getattr(price, key), threshold)

    def first(*keys: str) -> Decimal | None:
        return next((found for key in keys if (found := at(key)) is not None), None)

    writes = ("cache_write_mtok", "input_mtok")
    cached_audio = ("cache_audio_read_mtok", "cache_read_mtok", "input_audio_mtok", "input_mtok")
    output = at("output_mtok")
    has_split_output = any(at(key) not in (None, output) for key in _OUTPUT_PARTS)
    audio_hour = first("audio_hours", "input_audio_hours")
    meters = {
        "input": at("input_mtok"),
        "cache_read": first("cache_read_mtok", "input_mtok"),
        "cache_write_5m": first("cache_write_5m_mtok", *writes),
        "cache_write_1h": first("cache_write_1h_mtok", *writes),
        "output": None if has_split_output else output,
        "input_audio": first("input_audio_mtok", "input_mtok"),
        "cache_read_audio": first(*cached_audio),
        "output_audio": first("output_audio_mtok", "output_mtok"),
        "request": at("requests_kcount"),
        "web_search": at("web_searches_kcount"),
        "code_execution": at("code_executions_kcount"),
        "image": None,
        "audio_second": None if audio_hour is None else audio_hour * 1000 / 3600,
        "search_unit": at("rerank_searches_kcount"),
    }
    return tuple(meters[meter] for meter in METERS)


def _at_threshold(value: object, threshold: int) -> Decimal | None:
    """The price of a request with one token more than the threshold."""
    if isinstance(value, TieredPrices):
        price = value.base
        for tier in value.tiers:
            if threshold >= tier.start:
                price = tier.price
        return price
    return value if isinstance(value, Decimal) else None


def _names_price(price: ModelPrice, keys: tuple[str, ...]) -> bool:
    return any(getattr(price, key) is not None for key in keys)


def _second(moment: time) -> int:
    """Second of the UTC day; the library's clock times carry their zone."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    utc = datetime.combine(date(1970, 1, 1), aware).astimezone(UTC)
    return utc.hour * 3600 + utc.minute * 60 + utc.second


def _clock(second: int) -> str:
    if second == _DAY_SECONDS:
        return "24:00:00"
    return f"{second // 3600:02d}:{second % 3600 // 60:02d}:{second % 60:02d}"
