"""Land rows of product events or changes: groups of files, each committed whole.

    files → batches of text fields → typed ┬→ refused → quarantine
                                           └→ staged → settled by id → data files → one commit

Memory is bounded by the batch; staged rows lie in a DuckDB work file. Ids are looked up in all of
the table, whatever the date, by reading its id column once a group. Crash safety is that of the
call landing: nothing is visible before the one Delta commit, which carries the manifest rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import duckdb

from ingest.datafiles import THREADS
from ingest.events.fields import EVENT_SOURCES
from ingest.events.group import EventGroup
from ingest.events.reading import BATCH_BYTES
from ingest.inputs import InputFile, sha256_of
from ingest.lake import Lake
from ingest.parse import macros
from ingest.results import FileResult
from ingest.settings import Settings
from ingest.store import allow_reads

MEMORY_LIMIT = "800MB"
GROUP_BYTES = 256 * 1024 * 1024


class EventLanding:
    """One run of landing product events or changes into a lake.

    Args:
        source: name of the source, kept on every row.
        settings: where the lake is, and the hash key of user ids.
        dry_run: do everything except writing what others read.
        advance: called with the bytes just read, for a progress bar.
        batch_bytes: size of a batch of lines; smaller in tests.

    Attributes:
        notes: what to tell the user once, filled while landing.
    """

    def __init__(
        self,
        source: str,
        settings: Settings,
        *,
        dry_run: bool = False,
        advance: Callable[[int], None] = lambda _: None,
        batch_bytes: int = BATCH_BYTES,
    ) -> None:
        self.source = EVENT_SOURCES[source]
        self.settings = settings
        self.dry_run = dry_run
        self.advance = advance
        self.batch_bytes = batch_bytes
        self.lake = Lake(settings.raw)
        self.notes: list[str] = []

    def run(self, files: Sequence[InputFile]) -> Iterator[FileResult]:
        """Land files in order; yields each file's result once it is committed.

        Raises:
            InputError: a file cannot be read; files yielded before it have landed.
            LakeBusyError: a writer on another machine won the race.
            StoreError: the object store cannot be used.
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
            for statement in macros():
                self.con.execute(statement)
            self.known = {
                (row["source"], row["source_file"], row["file_sha256"]): row
                for row in self.lake.landings()
            }
            for group in _groups(files):
                yield from self._land(group)

    def _land(self, group: list[InputFile]) -> list[FileResult]:
        results = [FileResult(self.source.name, file, sha256_of(file)) for file in group]
        fresh = []
        for result in results:
            row = self.known.get((self.source.name, result.file.name, result.sha256))
            if row is None:
                fresh.append(result)
            else:
                result.known_again(row)
                self.advance(result.file.size)
        if fresh:
            landed = EventGroup(self, fresh)
            landed.land()
            self.notes += [note for note in landed.notes if note not in self.notes]
        return results


def _groups(files: Sequence[InputFile]) -> Iterator[list[InputFile]]:
    """Files that share a commit: small ones together, up to about ``GROUP_BYTES``."""
    group: list[InputFile] = []
    size = 0
    for file in files:
        weight = file.size * (8 if file.compression or file.format == "parquet" else 1)
        if group and size + weight > GROUP_BYTES:
            yield group
            group, size = [], 0
        group.append(file)
        size += weight
    if group:
        yield group
