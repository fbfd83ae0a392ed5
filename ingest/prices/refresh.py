"""Write the two generated price seeds from the installed catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ingest.prices.aliases import alias_rows
from ingest.prices.catalogue import catalogue_version, price_rows
from ingest.prices.columns import MODEL_ALIAS_COLUMNS, PRICE_LIST_COLUMNS
from ingest.prices.seeds import read_seed, write_seed


@dataclass(frozen=True)
class Refreshed:
    """What a refresh wrote."""

    source_version: str
    price_count: int
    alias_count: int


def refresh_seeds(folder: Path, checked_at: date) -> Refreshed:
    """Replace `price_list.csv` and the generated rows of `model_aliases.csv`.

    Args:
        folder: Where the price seeds live.
        checked_at: Day written on every price row.

    Returns:
        The catalogue's version and the row counts.
    """
    source_version = catalogue_version()
    prices = [row.as_csv(source_version, checked_at) for row in price_rows()]
    aliases = alias_rows(read_seed(folder / "model_aliases.csv"))
    return Refreshed(
        source_version=source_version,
        price_count=write_seed(folder / "price_list.csv", PRICE_LIST_COLUMNS, prices),
        alias_count=write_seed(folder / "model_aliases.csv", MODEL_ALIAS_COLUMNS, aliases),
    )
