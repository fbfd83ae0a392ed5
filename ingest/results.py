"""What became of one file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ingest import __version__
from ingest.inputs import InputFile


@dataclass
class FileResult:
    """What became of one file: ``read = landed + duplicate + quarantined``, in rows."""

    source: str
    file: InputFile
    sha256: str
    rows_read: int = 0
    rows_landed: int = 0
    rows_duplicate: int = 0
    rows_quarantined: int = 0
    rows_superseding: int = 0
    rows_component: int = 0
    touched_dates: set[str] = field(default_factory=set)
    first_event_at: dt.datetime | None = None
    last_event_at: dt.datetime | None = None
    already_landed: bool = False

    @property
    def balanced(self) -> bool:
        """Whether every row read is accounted for."""
        kept = self.rows_landed + self.rows_duplicate + self.rows_quarantined
        return self.rows_read == kept

    def known_again(self, row: Mapping[str, Any]) -> None:
        """The file has landed before: nothing is read, nothing written.

        Args:
            row: what the manifest says of it.
        """
        self.already_landed = True
        self.rows_read = row["rows_read"]
        self.rows_quarantined = row["rows_quarantined"]
        self.rows_duplicate = row["rows_read"] - row["rows_quarantined"]

    def manifest_row(self, landing_id: str, landed_at: dt.datetime) -> dict[str, Any]:
        """The file's row in the landing manifest."""
        return {
            "landing_id": landing_id,
            "source": self.source,
            "source_file": self.file.name,
            "file_sha256": self.sha256,
            "file_bytes": self.file.size,
            "rows_read": self.rows_read,
            "rows_landed": self.rows_landed,
            "rows_duplicate": self.rows_duplicate,
            "rows_quarantined": self.rows_quarantined,
            "rows_superseding": self.rows_superseding,
            "rows_component": self.rows_component,
            "touched_dates": ",".join(sorted(self.touched_dates)),
            "first_event_at": self.first_event_at,
            "last_event_at": self.last_event_at,
            "landed_at": landed_at,
            "code_version": __version__,
        }
