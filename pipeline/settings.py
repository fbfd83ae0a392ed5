"""Where a build reads and writes, from the environment; read once at a command's start."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
WAREHOUSE_NAME = "warehouse.duckdb"


class UsageError(Exception):
    """The environment or the arguments cannot be used; ends with exit code 2."""


@dataclass(frozen=True)
class Settings:
    """Folders of one run.

    Attributes:
        data: root of ``raw/``, the warehouse and the reports (``TOKENHOUSE_DATA``).
        seeds: folder whose CSVs replace those of the project (``TOKENHOUSE_SEEDS``), or None.
    """

    data: Path
    seeds: Path | None = None

    @property
    def raw(self) -> Path:
        """The lake: one folder per raw table."""
        return self.data / "raw"

    @property
    def warehouse(self) -> Path:
        """The file readers open; only ever replaced whole."""
        return self.data / WAREHOUSE_NAME

    @property
    def workshop(self) -> Path:
        """Side directory a build works in. Its name never changes, so dbt's parse stays valid."""
        return self.data / ".build"

    @property
    def draft(self) -> Path:
        """The warehouse in the making. Same file name: DuckDB bakes it into the views."""
        return self.workshop / WAREHOUSE_NAME


def load_settings() -> Settings:
    """Reads the environment.

    Raises:
        UsageError: ``TOKENHOUSE_DATA`` is an object-store address, or ``TOKENHOUSE_SEEDS`` is
            no folder.
    """
    location = os.environ.get("TOKENHOUSE_DATA") or "data"
    if "://" in location:
        raise UsageError(
            f"TOKENHOUSE_DATA={location}: object stores are not supported yet. "
            "Point TOKENHOUSE_DATA at a local folder."
        )
    named = os.environ.get("TOKENHOUSE_SEEDS") or ""
    seeds = Path(named).resolve() if named else None
    if seeds is not None and not seeds.is_dir():
        raise UsageError(f"TOKENHOUSE_SEEDS={named}: there is no such folder.")
    if seeds == PROJECT / "seeds":
        seeds = None
    return Settings(data=Path(location).resolve(), seeds=seeds)
