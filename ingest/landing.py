"""Land files: parse, refuse, deduplicate, write, commit. One commit per group of files.

    file → chunks of whole lines → text fields → typed rows ┬→ quarantine
                                                            ├→ fresh rows → data files ┐
                                                            └→ contested → versions ───┴→ commit

Memory is bounded by the chunk; only the 8-byte hash of each event id of the touched dates is kept
for the whole run. A row whose id was never seen is written at once; any other is *contested* and
decided at the end of its group by ``ingest/versions.py``.

Crash safety: data files are written under the work folder, moved into the table and named by one
Delta commit that also carries the manifest rows. Quarantine files have names made from the file's
content and are written before the commit, so doing it again writes the same files again.
"""

from __future__ import annotations

import datetime as dt
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import duckdb
import pyarrow as pa

from ingest import __version__
from ingest.chunk_parse import ChunkParser
from ingest.chunks import lines_at, refusal
from ingest.inputs import CHUNK_BYTES, InputFile, clean_lines, line_chunks, sha256_of
from ingest.lake import Change, DataFile, Lake
from ingest.parse import macros
from ingest.privacy import hash_users
from ingest.quarantine import write_quarantine
from ingest.records import mapped_lines, raw_texts
from ingest.schemas import CALLS, QUARANTINE
from ingest.settings import Settings
from ingest.sources import Adapter
from ingest.sources.registry import ADAPTERS
from ingest.versions import resolve_sql

MEMORY_LIMIT = "1500MB"
THREADS = 2
# level 1 is as small here and a fifth cheaper; no reader of ours uses bloom filters
PARQUET = "format parquet, compression zstd, compression_level 1, write_bloom_filter false"


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


@dataclass(frozen=True)
class _Segment:
    """Rows ``first_row … first_row + rows`` of a chunk come from one file."""

    file_no: int
    first_row: int
    rows: int
    first_line: int


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
        self.work = settings.raw / f".work-{uuid.uuid4().hex[:8]}"

    def run(self, files: Sequence[InputFile]) -> Iterator[FileResult]:
        """Land files in order; yields each file's result once it is committed.

        Raises:
            InputError: a file cannot be read; files yielded before it have landed.
            LakeBusyError: a writer on another machine kept winning the race.
        """
        with self.lake.writing():
            for stale in self.settings.raw.glob(".work-*"):
                shutil.rmtree(stale)
            self.lake.recover()
            self.work.mkdir()
            try:
                self._open()
                for group in self._groups(files):
                    yield from self._land_group(group)
            finally:
                self.con.close()
                shutil.rmtree(self.work, ignore_errors=True)

    def _open(self) -> None:
        self.con = duckdb.connect(str(self.work / "work.duckdb"))
        run = self.con.execute
        run(f"set threads = {THREADS}")
        run(f"set memory_limit = '{MEMORY_LIMIT}'")
        run("set TimeZone = 'UTC'")
        run(f"set temp_directory = '{self.work / 'spill'}'")
        for statement in macros():
            run(statement)
        self.keys: set[str] = set()
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
            _Group(self, fresh).land()
        yield from results

    def _is_known(self, result: FileResult) -> bool:
        row = self.known.get((self.source, result.file.name, result.sha256))
        if row is None:
            return False
        result.already_landed = True
        result.rows_read = row["rows_read"]
        result.rows_quarantined = row["rows_quarantined"]
        result.rows_duplicate = row["rows_read"] - row["rows_quarantined"]
        self.advance(result.file.size)
        return True


class _Group:
    """The files of one commit."""

    def __init__(self, landing: Landing, results: list[FileResult]) -> None:
        self.landing = landing
        self.con = landing.con
        self.results = results
        self.adapter = landing.adapter(results[0].file)
        self.snapshot = landing.lake.open(CALLS)
        self.committed = landing.lake.files(self.snapshot)
        self.landing_id = uuid.uuid4().hex
        self.landed_at = dt.datetime.now(dt.UTC)
        self.change = Change()
        self.table_folder = landing.lake.folder(CALLS)
        self.staged = landing.work / self.landing_id
        self.rows_before = 0
        self.parser = ChunkParser(self.con, landing.source, self.adapter is not None, landing.keys)

    def land(self) -> None:
        run = self.con.execute
        run(f"create or replace temp table contested ({CALLS.ddl()}, arrival bigint, file_no int)")
        run(f"create or replace temp table refused ({QUARANTINE.ddl()}, file_no int)")
        for chunk, segments in self._chunks():
            self._land_chunk(chunk, segments)
        self._decide_contested()
        self._count_refused()
        if not self.landing.dry_run:
            self._publish()
        shutil.rmtree(self.staged, ignore_errors=True)

    # ---------------------------------------------------------------- reading

    def _chunks(self) -> Iterator[tuple[Path, list[_Segment]]]:
        """Chunk files with the rows of each file in them; small files share one chunk."""
        path = self.landing.work / "chunk.ndjson"
        path.touch()
        segments: list[_Segment] = []
        rows = size = 0
        out = path.open("r+b")
        for file_no, result in enumerate(self.results):
            first_line = 1
            for block, count in self._blocks(result.file):
                out.write(block)
                if not block.endswith(b"\n"):
                    out.write(b"\n")
                segments.append(_Segment(file_no, rows, count, first_line))
                rows, size, first_line = rows + count, size + len(block), first_line + count
                if size >= self.landing.chunk_bytes:
                    _finish(out)
                    yield path, segments
                    segments, rows, size = [], 0, 0
                    # overwriting a file in the page cache is cheaper than writing a new one
                    out = path.open("r+b")
            self.landing.advance(result.file.size)
        _finish(out)
        if rows:
            yield path, segments

    def _blocks(self, file: InputFile) -> Iterator[tuple[bytes, int]]:
        adapter = self.adapter
        if adapter is None:
            for block in line_chunks(file, self.landing.chunk_bytes):
                yield clean_lines(block)
            return
        for lines in _batched(mapped_lines(file, adapter), 50_000):
            yield b"\n".join(lines) + b"\n", len(lines)

    # ---------------------------------------------------------------- parsing

    def _land_chunk(self, chunk: Path, segments: list[_Segment]) -> None:
        line_count = sum(segment.rows for segment in segments)
        self.parser.parse(chunk, line_count)
        self._locate(segments)
        self._refuse(chunk)
        hash_users(self.con, "rows", self.landing.settings.hash_key)
        self._write_fresh()
        self.rows_before += line_count

    def _any(self, relation: str) -> bool:
        return bool(self.con.execute(f"select 1 from {relation} limit 1").fetchall())

    def _locate(self, segments: list[_Segment]) -> None:
        """Make ``located``: every row and component with the file and line it came from."""
        run = self.con.execute
        files = {segment.file_no for segment in segments}
        if len(files) == 1:
            offset = segments[0].first_line - segments[0].first_row
            place = f"{segments[0].file_no} as file_no, row_id + {offset} as line_no"
            joined = "rows"
        else:
            values = ", ".join(
                f"({s.file_no}, {s.first_row}, {s.first_row + s.rows}, {s.first_line})"
                for s in segments
            )
            run(
                "create or replace temp table segments as select * from (values "
                f"{values}) as t(file_no, first_row, end_row, first_line)"
            )
            place = "file_no, row_id - first_row + first_line as line_no"
            joined = "rows inner join segments on row_id >= first_row and row_id < end_row"
        line = "cast(_line as bigint)" if self.adapter is not None else "line_no"
        extra = " union all select * from components" if self._any("components") else ""
        run(f"""
            create or replace temp view located as
            with rows as (select * from rows{extra}),
            placed as (select {place}, * from {joined})
            select {line} as source_line, * from placed
            where problem is distinct from 'blank'
        """)

    # ---------------------------------------------------------------- sorting out

    def _refuse(self, chunk: Path) -> None:
        """Move refused rows aside, with the text of their lines."""
        run = self.con.execute
        for file_no, read, refused in run(
            """
            select file_no, count(*), count(problem)
            from located where component_index = 0 group by file_no
            """
        ).fetchall():
            self.results[file_no].rows_read += read
            self.results[file_no].rows_quarantined += refused
        rows = run(
            """
            select row_id, file_no, source_line, problem, problem_field, problem_value
            from located where problem is not null and component_index = 0
            """
        ).fetchall()
        texts = lines_at(chunk, [row[0] for row in rows]) if rows else {}
        refusals = [
            refusal(texts[row_id], problem, problem_field, value)
            for row_id, _, _, problem, problem_field, value in rows
        ]
        table = pa.table(
            {
                "file_no": pa.array([row[1] for row in rows], pa.int32()),
                "source_line": pa.array([row[2] for row in rows], pa.int64()),
                **{
                    name: pa.array([getattr(r, name) for r in refusals], pa.string())
                    for name in ("reason", "field", "value", "raw_text")
                },
            }
        )
        self.con.register("refusals_now", table)
        run(
            f"""
            insert into refused
            select
                '{self.landing.source}', null, source_line, reason, field, value, raw_text,
                '{self.landing_id}', timestamptz '{self.landed_at.isoformat()}', file_no
            from refusals_now
            """
        )
        self.con.unregister("refusals_now")

    def _write_fresh(self) -> None:
        """Write rows whose event id was never seen; set the others aside as contested."""
        run = self.con.execute
        components = self._any("components")
        refused = self._any("rows where problem is not null")
        parent = "row_id not in (select row_id from rows where problem is not null)"
        run(
            f"""
            create or replace temp view accepted as
            select {self._row()}, row_id, file_no
            from located
            left join user_hashes using (user_id)
            where problem is null {f"and {parent}" if components and refused else ""}
            """
        )
        dates = self._dates("accepted")
        nearby = _with_neighbours(dates)
        self._remember_landed(nearby)
        in_dates = f"event_date in ({_literals(nearby)})" if dates else "false"
        run(
            f"""
            create or replace temp table doubtful as
            with ids as (
                select hash(event_id) as id_hash, count(*) as deliveries
                from rows
                where problem is null
                group by hash(event_id)
            )
            select id_hash from ids where deliveries > 1
            union
            select ids.id_hash from ids inner join seen using (id_hash) where {in_dates}
            """
        )
        run(
            """
            insert into seen
            select distinct hash(event_id), event_date from rows where problem is null
            """
        )
        any_doubt = self._any("doubtful")
        if any_doubt:
            run(
                f"""
                insert into contested
                select {", ".join(CALLS.names)}, {self.rows_before} + row_id, file_no
                from accepted
                where hash(event_id) in (select id_hash from doubtful)
                """
            )
        doubt = " where hash(event_id) not in (select id_hash from doubtful)" if any_doubt else ""
        run(f"create or replace temp view fresh as select * from accepted{doubt}")
        self._count_landed("fresh")
        self._write("fresh", dates)

    def _row(self) -> str:
        """The columns of ``calls``, those of the delivery filled in."""
        names = " ".join(
            f"when {number} then '{_escaped(result.file.name)}'"
            for number, result in enumerate(self.results)
        )
        filled = {
            "source_file": f"case file_no {names} end",
            "landing_id": f"'{self.landing_id}'",
            "landed_at": f"timestamptz '{self.landed_at.isoformat()}'",
            "is_current": "true",
        }
        return ", ".join(
            f'{filled[name]} as "{name}"' if name in filled else f'"{name}"' for name in CALLS.names
        )

    def _dates(self, relation: str) -> list[str]:
        rows = self.con.execute(
            f"select distinct cast(event_date as varchar) from {relation} order by 1"
        ).fetchall()
        return [date for (date,) in rows]

    def _remember_landed(self, dates: Iterable[str]) -> None:
        """Load the id hashes that the lake already holds for dates not met before."""
        for date in set(dates) - self.landing.seen_dates:
            self.landing.seen_dates.add(date)
            files = [str(self.table_folder / f.path) for f in self.committed.get(date, [])]
            if files:
                self.con.execute(
                    f"""
                    insert into seen
                    select distinct hash(event_id), date '{date}'
                    from read_parquet({files!r}, hive_partitioning = false)
                    where component_index = 0
                    """
                )

    # ---------------------------------------------------------------- versions

    def _decide_contested(self) -> None:
        run = self.con.execute
        [(count,)] = run("select count(*) from contested").fetchall()
        if not count:
            return
        existing = self._existing_versions()
        run(
            "create or replace temp table versions as "
            + resolve_sql("contested", "existing" if existing else None)
        )
        run(
            """
            create or replace temp view decided as
            select contested.* exclude (is_current), versions.is_current,
                versions.is_duplicate, versions.is_first_of_event
            from contested
            inner join versions
                on contested.event_id = versions.event_id
                and contested.landing_id = versions.landing_id
                and contested.source_file = versions.source_file
                and contested.source_line = versions.source_line
                and versions.is_new
            """
        )
        self._count_decided()
        kept = "decided where not is_duplicate"
        run(f"create or replace temp table kept as select * from {kept}")
        self._count_landed("kept")
        self._write("kept", self._dates("kept"))
        if existing:
            self._demote(existing)

    def _existing_versions(self) -> dict[str, DataFile]:
        """Files that hold earlier versions; ``existing`` becomes a table of those rows."""
        dates = _with_neighbours(self._dates("contested"))
        staged = {str(self.staged / f.path): f for f in self.change.added}
        landed = {
            str(self.table_folder / file.path): file
            for date in dates
            for file in self.committed.get(date, [])
        }
        files = {p: f for p, f in {**staged, **landed}.items() if f.partition in dates}
        if not files:
            return {}
        columns = ", ".join(f'"{name}"' for name in CALLS.names if name != "event_date")
        self.con.execute(
            f"""
            create or replace temp table existing as
            select date '1970-01-01' as event_date, {columns}, filename as data_file
            from read_parquet({list(files)!r}, filename = true, hive_partitioning = false)
            where event_id in (select event_id from contested)
            """
        )
        return files

    def _demote(self, files: dict[str, DataFile]) -> None:
        """Rewrite the files whose current rows are superseded by what arrived."""
        run = self.con.execute
        run(
            """
            create or replace temp table demoted as
            select distinct existing.event_id, existing.landing_id, existing.source_file,
                existing.source_line, existing.data_file
            from existing
            inner join versions
                on existing.event_id = versions.event_id
                and existing.landing_id = versions.landing_id
                and existing.source_file = versions.source_file
                and existing.source_line = versions.source_line
            where not versions.is_new and not versions.is_current and existing.is_current
            """
        )
        for (path,) in run("select distinct data_file from demoted").fetchall():
            old = files[path]
            self._touch_demoted(path, old.partition)
            is_demoted = (
                "(event_id, landing_id, source_file, source_line) in (select"
                f" event_id, landing_id, source_file, source_line from demoted"
                f" where data_file = '{_escaped(path)}')"
            )
            self._write_file(
                old.partition,
                f"select * replace (is_current and not {is_demoted} as is_current)"
                f" from read_parquet('{_escaped(path)}', hive_partitioning = false)",
            )
            if old in self.change.added:
                self.change.added.remove(old)
                Path(path).unlink()
            else:
                self.change.removed.append(old)

    def _touch_demoted(self, path: str, date: str) -> None:
        """The day a version left is touched by the files whose versions took its place."""
        rows = self.con.execute(
            """
            select distinct decided.file_no
            from demoted inner join decided using (event_id)
            where decided.is_current and demoted.data_file = $path
            """,
            {"path": path},
        ).fetchall()
        for (file_no,) in rows:
            self.results[file_no].touched_dates.add(date)

    # ---------------------------------------------------------------- counting

    def _count_landed(self, relation: str) -> None:
        rows = self.con.execute(
            f"""
            select file_no, count(*) filter (where component_index = 0),
                count(*) filter (where component_index > 0), min(started_at), max(started_at),
                list(distinct cast(event_date as varchar))
            from {relation} group by file_no
            """
        ).fetchall()
        for file_no, landed, components, first, last, dates in rows:
            result = self.results[file_no]
            result.rows_landed += landed
            result.rows_component += components
            result.first_event_at = min(filter(None, (result.first_event_at, first)))
            result.last_event_at = max(filter(None, (result.last_event_at, last)))
            result.touched_dates |= set(dates)

    def _count_decided(self) -> None:
        rows = self.con.execute(
            """
            select file_no, count(*) filter (where is_duplicate),
                count(*) filter (where not is_duplicate and not is_first_of_event)
            from decided where component_index = 0 group by file_no
            """
        ).fetchall()
        for file_no, duplicates, superseding in rows:
            self.results[file_no].rows_duplicate += duplicates
            self.results[file_no].rows_superseding += superseding

    def _count_refused(self) -> None:
        """Give refused rows of mapped sources the text of the record they came from."""
        adapter = self.adapter
        run = self.con.execute
        for number, result in enumerate(self.results):
            name = _escaped(result.file.name)
            run(f"update refused set source_file = '{name}' where file_no = {number}")
            if adapter is None or not result.rows_quarantined:
                continue
            lines = run(f"select source_line from refused where file_no = {number}").fetchall()
            texts = raw_texts(result.file, adapter, {line for (line,) in lines})
            originals = {"line_no": list(texts.keys()), "text": list(texts.values())}
            self.con.register("originals", pa.table(originals))
            run(
                "update refused set raw_text = originals.text from originals"
                f" where refused.source_line = originals.line_no and file_no = {number}"
            )
            self.con.unregister("originals")

    # ---------------------------------------------------------------- writing

    def _write(self, relation: str, dates: Sequence[str]) -> None:
        """Write a relation below the work folder, one file for each of its dates."""
        if len(dates) == 1:
            self._write_file(dates[0], f"select {_stored()} from {relation}")
            return
        self.staged.mkdir(exist_ok=True)
        files = self.con.execute(
            f"copy (select {_stored()}, event_date from {relation}) to '{self.staged}' ("
            f"{PARQUET}, partition_by (event_date), append true,"
            " filename_pattern '{uuid}', return_stats true)"
        ).to_arrow_table()
        for file in files.to_pylist():
            path = Path(file["filename"]).relative_to(self.staged)
            date = path.parent.name.removeprefix("event_date=")
            self.change.added.append(
                DataFile(str(path), date, file["count"], file["file_size_bytes"])
            )

    def _write_file(self, date: str, query: str) -> None:
        """Write one data file of a date below the work folder."""
        path = f"event_date={date}/{uuid.uuid4().hex}.parquet"
        target = self.staged / path
        target.parent.mkdir(parents=True, exist_ok=True)
        [(rows,)] = self.con.execute(f"copy ({query}) to '{target}' ({PARQUET})").fetchall()
        if rows:
            self.change.added.append(DataFile(path, date, rows, target.stat().st_size))

    def _publish(self) -> None:
        """Quarantine, then data files, then the commit that makes them visible."""
        write_quarantine(self.con, self.landing.settings.quarantine, self.results)
        for file in self.change.added:
            target = self.table_folder / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            (self.staged / file.path).rename(target)
        self.change.landings = [self._manifest_row(result) for result in self.results]
        lake = self.landing.lake
        if self.change.added or self.change.removed:
            number = lake.commit(self.snapshot, self.change)
        else:
            number = lake.sequence(self.snapshot)
        lake.record([row | {"landing_seq": number} for row in self.change.landings])

    def _manifest_row(self, result: FileResult) -> dict[str, Any]:
        return {
            "landing_id": self.landing_id,
            "source": result.source,
            "source_file": result.file.name,
            "file_sha256": result.sha256,
            "file_bytes": result.file.size,
            "rows_read": result.rows_read,
            "rows_landed": result.rows_landed,
            "rows_duplicate": result.rows_duplicate,
            "rows_quarantined": result.rows_quarantined,
            "rows_superseding": result.rows_superseding,
            "rows_component": result.rows_component,
            "touched_dates": ",".join(sorted(result.touched_dates)),
            "first_event_at": result.first_event_at,
            "last_event_at": result.last_event_at,
            "landed_at": self.landed_at,
            "code_version": __version__,
        }


def _with_neighbours(dates: Iterable[str]) -> list[str]:
    """The dates and the days beside them: a corrected instant may cross midnight, no more."""
    days = {dt.date.fromisoformat(date) for date in dates}
    near = {day + dt.timedelta(days=shift) for day in days for shift in (-1, 0, 1)}
    return sorted(day.isoformat() for day in near)


def _finish(out: IO[bytes]) -> None:
    out.truncate()
    out.close()


def _stored() -> str:
    return ", ".join(f'"{name}"' for name in CALLS.names if name != CALLS.partition_by)


def _literals(dates: Iterable[str]) -> str:
    return ", ".join(f"date '{date}'" for date in dates)


def _escaped(text: str) -> str:
    return text.replace("'", "''")


def _batched(lines: Iterator[bytes], size: int) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    for line in lines:
        batch.append(line)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
