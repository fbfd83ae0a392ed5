"""Compare our list prices with a second catalogue, LiteLLM's price map, read as data.

Data flow: `seeds/prices/price_list.csv` and `model_prices_and_context_window.json` -> report.

Only figures that both sides state are compared; what one of them lacks is counted, not judged.
LiteLLM quotes USD per token and per query, we per million and per thousand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from genai_prices.types import Provider

from ingest.errors import InputError
from ingest.prices.catalogue import STANDARD, providers, served_models
from ingest.prices.columns import TOKEN_METERS, price_column
from ingest.prices.seeds import read_seed

CATALOGUE_FILE = "model_prices_and_context_window_backup.json"

_TOKEN_KEYS = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cache_read": "cache_read_input_token_cost",
    "cache_write_5m": "cache_creation_input_token_cost",
    "cache_write_1h": "cache_creation_input_token_cost_above_1hr",
    "input_audio": "input_cost_per_audio_token",
    "output_audio": "output_cost_per_audio_token",
}
_TIER_SUFFIXES = {STANDARD: "", "batch": "_batches", "flex": "_flex", "priority": "_priority"}
_ABOVE = re.compile(r"_above_(\d+)k_tokens")

Terms = Mapping[str, Decimal]
"""Price of each meter, in our units."""

PriceKey = tuple[str, str, str, int]
"""Provider, model, service tier and context threshold."""


@dataclass(frozen=True)
class Disagreement:
    """One meter of one model on which the catalogues differ."""

    provider: str
    model: str
    their_model: str
    service_tier: str
    input_tokens_over: int
    meter: str
    ours: Decimal
    theirs: Decimal

    @property
    def share(self) -> Decimal:
        """Difference as a share of the larger figure, 0 to 1."""
        return abs(self.ours - self.theirs) / max(self.ours, self.theirs)


@dataclass(frozen=True)
class Comparison:
    """What a cross-check found."""

    disagreements: list[Disagreement]
    compared_models: int
    compared_figures: int
    unmatched_models: int


def installed_catalogue() -> Path | None:
    """The price map inside an installed `litellm`, without importing it."""
    spec = find_spec("litellm")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).with_name(CATALOGUE_FILE)
    return path if path.exists() else None


def compare(
    price_seeds: Path, catalogue: Path, over: Decimal, as_of: date, only: frozenset[str]
) -> Comparison:
    """Compare the prices that hold on one day.

    Args:
        price_seeds: Folder of `price_list.csv` and `provider_aliases.csv`.
        catalogue: LiteLLM's price map.
        over: Smallest difference to report, as a share of the larger figure.
        as_of: Day whose prices are compared.
        only: Providers to look at; empty for all.

    Returns:
        Disagreements, largest first within a provider, and how much was compared.
    """
    listed = _listed_prices(price_seeds / "price_list.csv", as_of)
    finder = _ModelFinder(price_seeds / "provider_aliases.csv")
    disagreements: list[Disagreement] = []
    compared_models = compared_figures = unmatched = 0
    for name, entry in _entries(catalogue):
        found = finder.find(name, str(entry.get("litellm_provider", "")))
        if found is None:
            unmatched += 1
            continue
        provider, model = found
        if only and provider not in only:
            continue
        figures = 0
        for service_tier, threshold, meter, theirs in _figures(entry):
            ours = listed.get((provider, model, service_tier, threshold), {}).get(meter)
            if ours is None:
                continue
            figures += 1
            if ours != theirs:
                difference = Disagreement(
                    provider, model, name, service_tier, threshold, meter, ours, theirs
                )
                if difference.share > over:
                    disagreements.append(difference)
        compared_figures += figures
        compared_models += figures > 0
    disagreements.sort(key=lambda d: (d.provider, d.model, d.their_model, -d.share, d.meter))
    return Comparison(disagreements, compared_models, compared_figures, unmatched)


def _listed_prices(path: Path, as_of: date) -> dict[PriceKey, Terms]:
    day = as_of.isoformat()
    listed: dict[PriceKey, Terms] = {}
    for row in read_seed(path):
        is_valid = row["valid_from"] <= day and (not row["valid_to"] or day < row["valid_to"])
        if not is_valid or row["daily_from_utc"]:
            continue
        key = (
            row["provider"],
            row["model"],
            row["service_tier"],
            int(row["input_tokens_over"]),
        )
        meters = (*TOKEN_METERS, "search_unit")
        listed[key] = {
            meter: Decimal(row[price_column(meter)]) for meter in meters if row[price_column(meter)]
        }
    if not listed:
        remedy = "Run `python -m ingest prices refresh`"
        raise InputError(str(path), f"no price row is valid on {day}", remedy)
    return listed


def _entries(catalogue: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        content = json.loads(catalogue.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, ValueError) as error:
        raise InputError(
            str(catalogue), f"not a readable price map ({error})", "Pass LiteLLM's JSON file"
        ) from error
    if not isinstance(content, dict):
        raise InputError(str(catalogue), "not an object by model", "Pass LiteLLM's JSON file")
    for name, entry in content.items():
        if isinstance(entry, dict) and name != "sample_spec":
            yield name, entry


def _figures(entry: Mapping[str, Any]) -> Iterator[tuple[str, int, str, Decimal]]:
    """Service tier, context threshold, meter and price in our unit, as far as stated."""
    thresholds = {0: ""} | {
        int(found[1]) * 1000: found[0] for key in entry if (found := _ABOVE.search(key))
    }
    for meter, key in _TOKEN_KEYS.items():
        for threshold, above in thresholds.items():
            for service_tier, suffix in _TIER_SUFFIXES.items():
                price = entry.get(f"{key}{above}{suffix}")
                if isinstance(price, int | Decimal):
                    yield service_tier, threshold, meter, Decimal(price) * 1_000_000
    query = entry.get("input_cost_per_query")
    if isinstance(query, int | Decimal):
        yield STANDARD, 0, "search_unit", Decimal(query) * 1_000


class _ModelFinder:
    """Which of our models one of theirs is, by the library's own matching."""

    def __init__(self, provider_aliases: Path) -> None:
        self._aliases = {
            row["provider_as_logged"]: row["provider"] for row in read_seed(provider_aliases)
        }
        self._all = providers()
        self._by_id: dict[str, Provider] = {provider.id: provider for provider in self._all}
        self._model_ids = {
            provider.id: {id(model): model_id for _, model, model_id in served_models(provider)}
            for provider in self._all
        }

    def find(self, name: str, litellm_provider: str) -> tuple[str, str] | None:
        provider = self._by_id.get(self._aliases.get(litellm_provider, litellm_provider))
        if provider is None:
            return None
        model = provider.find_model(
            name.removeprefix(f"{litellm_provider}/"), all_providers=self._all
        )
        if model is None:
            return None
        return provider.id, self._model_ids[provider.id][id(model)]
