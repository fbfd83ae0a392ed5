"""Random columns that are a function of (seed, name, row): no hidden state, no call order.

Each named stream is splitmix64 over the row number, started at a key hashed from seed and name.
So a new stream never shifts another, and a company with one more incident keeps all else as is.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

import polars as pl

_GOLDEN = 0x9E3779B97F4A7C15
_MIX_1 = 0xBF58476D1CE4E5B9
_MIX_2 = 0x94D049BB133111EB


def numbers_in(column: pl.Series) -> int:
    """How many numbers 0, 1, … a column counts through: one more than its largest."""
    largest = column.max()
    return largest + 1 if isinstance(largest, int) else 0


class Draws:
    """Named streams of random numbers.

    Args:
        seed: two runs with the same seed draw the same numbers.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def bits(self, stream: str, rows: int) -> pl.Series:
        """64 random bits a row, all different within a stream."""
        digest = hashlib.blake2b(f"{self.seed}:{stream}".encode(), digest_size=8).digest()
        z = pl.int_range(rows, dtype=pl.UInt64, eager=True) + int.from_bytes(digest, "big")
        z = z * _GOLDEN
        z = (z ^ (z // 2**30)) * _MIX_1
        z = (z ^ (z // 2**27)) * _MIX_2
        return (z ^ (z // 2**31)).alias(stream)

    def uniform(self, stream: str, rows: int) -> pl.Series:
        """Uniform in the open interval (0, 1)."""
        return ((self.bits(stream, rows) // 2**11).cast(pl.Float64) + 0.5) * 2.0**-53

    def normal(self, stream: str, rows: int) -> pl.Series:
        """Standard normal (Box-Muller)."""
        radius = (self.uniform(f"{stream}/radius", rows).log() * -2.0).sqrt()
        angle = self.uniform(f"{stream}/angle", rows) * (2.0 * math.pi)
        return (radius * angle.cos()).alias(stream)

    def lognormal(self, stream: str, rows: int, sigma: float) -> pl.Series:
        """Log-normal with median 1."""
        return (self.normal(stream, rows) * sigma).exp()

    def choice(self, stream: str, rows: int, weights: Sequence[float]) -> pl.Series:
        """Index into ``weights``, drawn in proportion to them."""
        total = math.fsum(weights)
        edges = (pl.Series(list(weights), dtype=pl.Float64) / total).cum_sum()
        picked = edges.search_sorted(self.uniform(stream, rows))
        return picked.clip(upper_bound=len(weights) - 1).cast(pl.UInt32).alias(stream)

    def ids(self, stream: str, rows: int, prefix: str) -> pl.Series:
        """Opaque unique ids."""
        return (prefix + self.bits(stream, rows).cast(pl.String)).alias(stream)
