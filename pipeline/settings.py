"""Where a build reads and writes, from the environment; read once at a command's start."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from ingest.errors import UsageError
from ingest.store import LOCAL_DATA, Location, S3Path, location

PROJECT = Path(__file__).resolve().parents[1]
WAREHOUSE_NAME = "warehouse.duckdb"


@dataclass(frozen=True)
class Settings:
    """Folders of one run.

    Attributes:
        data: root of the warehouse, the reports and, unless an object store holds it, ``raw/``
            (``TOKENHOUSE_DATA``; ``data`` when that is an ``s3://`` prefix).
        seeds: folder whose CSVs replace those of the project (``TOKENHOUSE_SEEDS``), or None.
        store: the ``s3://`` prefix that holds ``raw/``, or None.
    """

    data: Path
    seeds: Path | None = None
    store: S3Path | None = None

    @property
    def raw(self) -> Location:
        """The lake: one folder per raw table."""
        return (self.store or self.data) / "raw"

    @property
    def warehouse(self) -> Path:
        """The file readers open; only ever replaced whole."""
        return self.data / WAREHOUSE_NAME

    @property
    def workshop(self) -> Path:
        """Side directory a build works in. Its name never changes, so dbt's parse stays valid."""
        return self.data / ".build"

    @property
    def target(self) -> Path:
        """Where dbt keeps its parse of the project: it holds for one place of the project only."""
        place = hashlib.sha256(str(PROJECT).encode()).hexdigest()[:8]
        return self.workshop / f"target-{place}"

    @property
    def draft(self) -> Path:
        """The warehouse in the making. Same file name: DuckDB bakes it into the views."""
        return self.workshop / WAREHOUSE_NAME


def load_settings() -> Settings:
    """Reads the environment.

    Raises:
        UsageError: ``TOKENHOUSE_DATA`` is neither a folder nor an ``s3://`` prefix with
            credentials, or ``TOKENHOUSE_SEEDS`` is no folder.
    """
    place = location(os.environ.get("TOKENHOUSE_DATA") or str(LOCAL_DATA))
    named = os.environ.get("TOKENHOUSE_SEEDS") or ""
    seeds = Path(named).resolve() if named else None
    if seeds is not None and not seeds.is_dir():
        raise UsageError(f"TOKENHOUSE_SEEDS={named}: there is no such folder.")
    if seeds == PROJECT / "seeds":
        seeds = None
    if isinstance(place, S3Path):
        return Settings(data=LOCAL_DATA.resolve(), seeds=seeds, store=place)
    return Settings(data=place.resolve(), seeds=seeds)
