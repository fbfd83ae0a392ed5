"""Land exports of one source: deliveries of whole buckets, each committed whole.

    files → deliveries → adapter → staged lines ┬→ refused → quarantine
                                                └→ buckets → decided → data files → one commit

Memory is bounded: lines go in batches to a DuckDB work file, everything after is set operations.
Crash safety is that of the call landing: nothing is visible before the one Delta commit, which
also carries the manifest rows.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator, Sequence

import duckdb

from ingest.datafiles import THREADS
from ingest.errors import UsageError
from ingest.exports.delivery import Delivery
from ingest.exports.registry import is_in_parts
from ingest.exports.units import deliveries
from ingest.inputs import InputFile, sha256_of
from ingest.lake import Lake
from ingest.results import FileResult
from ingest.schemas import CALLS, table_of
from ingest.settings import Settings
from ingest.store import allow_reads

MEMORY_LIMIT = "800MB"


class ExportLanding:
    """One run of landing provider exports or invoices into a lake.

    Args:
        source: name of the source, kept on every row.
        settings: where the lake is.
        dry_run: do everything except writing what others read.
        accept_smaller: land buckets that fall under half of what is current, and empty ones.
        account: billing account of rows that name none.
        advance: called with the bytes just read, for a progress bar.

    Attributes:
        notes: what to tell the user once, filled while landing.
    """

    def __init__(
        self,
        source: str,
        settings: Settings,
        *,
        dry_run: bool = False,
        accept_smaller: bool = False,
        account: str | None = None,
        advance: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.source = source
        self.settings = settings
        self.dry_run = dry_run
        self.accept_smaller = accept_smaller
        self.account = account
        self.advance = advance
        self.table = table_of(source)
        if self.table is CALLS:
            raise UsageError(f"{source} is no export of a provider")
        self.lake = Lake(settings.raw)
        self.notes: list[str] = []

    def run(self, files: Sequence[InputFile]) -> Iterator[FileResult]:
        """Land files; yields each file's result once its delivery is committed.

        Raises:
            InputError: a file is of no known shape, or states sharply less than what is current;
                deliveries yielded before it have landed.
            LakeBusyError: a writer on another machine won the race.
        """
        with (
            self.lake.writing() as self.work,
            duckdb.connect(str(self.work / "work.duckdb")) as self.con,
        ):
            allow_reads(self.con, self.settings.raw)
            self.con.execute(f"set threads = {THREADS}")
            self.con.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
            self.con.execute("set TimeZone = 'UTC'")
            self.con.execute(f"set temp_directory = '{self.work / 'spill'}'")
            known = {
                (row["source"], row["source_file"], row["file_sha256"]): row
                for row in self.lake.landings()
            }
            for unit in deliveries(files, is_in_parts(self.source)):
                results = [FileResult(self.source, file, sha256_of(file)) for file in unit]
                rows = [known.get((self.source, r.file.name, r.sha256)) for r in results]
                if all(rows) and not self.accept_smaller:
                    for result, row in zip(results, rows, strict=True):
                        result.known_again(row or {})
                        self.advance(result.file.size)
                else:
                    delivery = Delivery(self, results, uuid.uuid4().hex, dt.datetime.now(dt.UTC))
                    delivery.land()
                    self.notes += [note for note in delivery.notes if note not in self.notes]
                yield from results
