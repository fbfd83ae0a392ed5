"""Where things are, from the environment; read once at each command's start."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ingest.store import LOCAL_DATA, Location, location


@dataclass(frozen=True)
class Settings:
    """Folders and secrets of one run.

    Attributes:
        data: root of ``raw/`` and ``quarantine/``, a folder or an ``s3://`` prefix
            (``TOKENHOUSE_DATA``, default ``data``).
        hash_key: HMAC key of user ids (``TOKENHOUSE_HASH_KEY``); without it they are dropped.
    """

    data: Location
    hash_key: bytes | None

    @property
    def raw(self) -> Location:
        """The lake: one folder per raw table."""
        return self.data / "raw"

    @property
    def quarantine(self) -> Location:
        """Rows that could not land, one folder per source."""
        return self.data / "quarantine"

    @property
    def local(self) -> Path:
        """What stays on this machine in any case: the warehouse and the reports."""
        return self.data if isinstance(self.data, Path) else LOCAL_DATA


def load_settings() -> Settings:
    """Read the environment.

    Raises:
        UsageError: ``TOKENHOUSE_DATA`` is neither a folder nor an ``s3://`` prefix with
            credentials in the environment.
    """
    data = location(os.environ.get("TOKENHOUSE_DATA") or str(LOCAL_DATA))
    key = os.environ.get("TOKENHOUSE_HASH_KEY") or ""
    return Settings(data=data, hash_key=key.encode() or None)
