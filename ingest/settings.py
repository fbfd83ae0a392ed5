"""Where things are, from the environment; read once at each command's start."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ingest.errors import UsageError


@dataclass(frozen=True)
class Settings:
    """Folders and secrets of one run.

    Attributes:
        data: root of ``raw/`` and ``quarantine/`` (``TOKENHOUSE_DATA``, default ``data``).
        hash_key: HMAC key of user ids (``TOKENHOUSE_HASH_KEY``); without it they are dropped.
    """

    data: Path
    hash_key: bytes | None

    @property
    def raw(self) -> Path:
        """The lake: one folder per raw table."""
        return self.data / "raw"

    @property
    def quarantine(self) -> Path:
        """Rows that could not land, one folder per source."""
        return self.data / "quarantine"


def load_settings() -> Settings:
    """Read the environment.

    Raises:
        UsageError: ``TOKENHOUSE_DATA`` is an object-store address, which this version
            cannot write yet.
    """
    location = os.environ.get("TOKENHOUSE_DATA") or "data"
    if "://" in location:
        raise UsageError(
            f"TOKENHOUSE_DATA={location}: object stores are not supported yet. "
            "Point TOKENHOUSE_DATA at a local folder."
        )
    key = os.environ.get("TOKENHOUSE_HASH_KEY") or ""
    return Settings(data=Path(location), hash_key=key.encode() or None)
