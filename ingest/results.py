"""What became of one file."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

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
