"""Land files of one source: groups of files, each committed whole.

Memory is bounded by the chunk; only the 8-byte hash of each event id of the touched dates is kept
for the whole run.

Crash safety: data files are written under the work folder, put into the table and named by one
Delta commit that also carries the manifest rows. Quarantine files have names made from the file's
content and are written before the commit, so doing it again writes the same files again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import duckdb

from ingest.datafiles import MEMORY_LIMIT, THREADS
from ingest.group import Group
from ingest.inputs import CHUNK_BYTES, InputFile, sha256_of
from ingest.lake import Lake
from ingest.parse import macros
from ingest.results import FileResult
from ingest.settings import Settings
from ingest.sources import Adapter
from ingest.sources.registry import ADAPTERS
from ingest.store import allow_reads


class Landing:
    """One run of landing files of one source into a lake.

    Args:
        source: name of the source, kept on every row.
        settings: folders and the hash key.
        dry_run: do everything except writing what others read.
        advance: called with the bytes just read, for a progress bar.
        chunk_bytes: size of a chunk; smaller in tests.
    """

    def __init__(
        self,
        source: str,
        settings: Settings,
        *,
        dry_run: bool = False,
        advance: Callable[[int], None] = lambda _: None,
        chunk_bytes: int = CHUNK_BYTES,
    ) -> None:
        self.source = source
        self.settings = settings
        self.dry_run = dry_run
        self.advance = advance
        self.chunk_bytes = chunk_bytes
        self.lake = Lake(settings.raw)

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
            self._open()
            for group in self._groups(files):
                yield from self._land_group(group)

    def _open(self) -> None:
        run = self.con.execute
        allow_reads(self.con, self.settings.raw)
        run(f"set threads = {THREADS}")
        run(f"set memory_limit = '{MEMORY_LIMIT}'")
        run("set TimeZone = 'UTC'")
        run(f"set temp_directory = '{self.work / 'spill'}'")
        for statement in macros():
            run(statement)
        self.keys: set[str] = set()
        self.usage_keys: set[str] = set()
        run("create table seen (id_hash ubigint, event_date date)")
        self.seen_dates: set[str] = set()
        self.known = {
            (row["source"], row["source_file"], row["file_sha256"]): row
            for row in self.lake.landings()
        }

    def _groups(self, files: Sequence[InputFile]) -> Iterator[list[InputFile]]:
        """Files that share a commit: small ones of one kind together, up to about one chunk."""
        group: list[InputFile] = []
        size = 0
        for file in files:
            weight = file.size * (8 if file.compression else 1)
            mixed = bool(group) and self.adapter(group[0]) is not self.adapter(file)
            if group and (mixed or size + weight > self.chunk_bytes):
                yield group
                group, size = [], 0
            group.append(file)
            size += weight
        if group:
            yield group

    def adapter(self, file: InputFile) -> Adapter | None:
        """What maps the file's records; None where its lines are call logs already."""
        if self.source == "calls" and file.is_line_delimited:
            return None
        return ADAPTERS[self.source]

    def _land_group(self, group: list[InputFile]) -> Iterator[FileResult]:
        results = [FileResult(self.source, file, sha256_of(file)) for file in group]
        fresh = [result for result in results if not self._is_known(result)]
        if fresh:
            Group(self, fresh).land()
        yield from results

    def _is_known(self, result: FileResult) -> bool:
        row = self.known.get((self.source, result.file.name, result.sha256))
        if row is None:
            return False
        result.known_again(row)
        self.advance(result.file.size)
        return True
