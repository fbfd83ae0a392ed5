"""Land one group of files: the unit that is committed.

    file → chunks of whole lines → rows ┬→ refused → quarantine
                                        ├→ fresh → data files ──────────┐
                                        └→ contested → contest.py ──────┴→ one commit

A row whose event id was never seen is fresh and written at once; any other is contested and
settled when the whole group has been read.
"""

from __future__ import annotations

import datetime as dt
import shutil
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pyarrow as pa

from ingest.chunk_parse import ChunkParser
from ingest.chunks import lines_at, refusal
from ingest.contest import Contest
from ingest.datafiles import DataFileWriter
from ingest.days import date_literals, with_neighbours
from ingest.inputs import InputFile, clean_lines, line_chunks
from ingest.lake import Change, DataFile
from ingest.privacy import hash_users
from ingest.quarantine import write_quarantine
from ingest.records import mapped_lines, raw_texts
from ingest.results import FileResult
from ingest.schemas import CALLS, QUARANTINE
from ingest.sqltext import quoted
from ingest.store import put

if TYPE_CHECKING:
    from ingest.landing import Landing


@dataclass(frozen=True)
class _Segment:
    """Rows ``first_row … first_row + rows`` of a chunk come from one file."""

    file_no: int
    first_row: int
    rows: int
    first_line: int


class Group:
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
        self.removed: list[DataFile] = []
        self.table_folder = landing.lake.folder(CALLS)
        self.staged = landing.work / self.landing_id
        self.writer = DataFileWriter(self.con, self.staged)
        self.rows_before = 0
        self.parser = ChunkParser(
            self.con, landing.source, self.adapter is not None, landing.keys, landing.usage_keys
        )

    def land(self) -> None:
        """Read, sort out, write and commit the group; its results are then final."""
        run = self.con.execute
        run(f"create or replace temp table contested ({CALLS.ddl()}, arrival bigint, file_no int)")
        run(f"create or replace temp table refused ({QUARANTINE.ddl()}, file_no int)")
        for chunk, segments in self._chunks():
            self._land_chunk(chunk, segments)
        Contest(self).decide()
        self._count_refused()
        if not self.landing.dry_run:
            self._publish()
        shutil.rmtree(self.staged, ignore_errors=True)

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
        dates = self.dates("accepted")
        nearby = with_neighbours(dates)
        self._remember_landed(nearby)
        in_dates = f"event_date in ({date_literals(nearby)})" if dates else "false"
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
        self.count_landed("fresh")
        self.writer.write("fresh", dates)

    def _row(self) -> str:
        """The columns of ``calls``, those of the delivery filled in."""
        names = " ".join(
            f"when {number} then '{quoted(result.file.name)}'"
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

    def dates(self, relation: str) -> list[str]:
        """The distinct event dates of a relation, in order."""
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

    def count_landed(self, relation: str) -> None:
        """Add a relation of landing rows to the results of their files."""
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

    def _count_refused(self) -> None:
        """Give refused rows of mapped sources the text of the record they came from."""
        adapter = self.adapter
        run = self.con.execute
        for number, result in enumerate(self.results):
            name = quoted(result.file.name)
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

    def _publish(self) -> None:
        """Quarantine, then data files, then the commit that makes them visible."""
        landing = self.landing
        write_quarantine(self.con, landing.work, landing.settings.quarantine, self.results)
        for file in self.writer.added:
            put(self.staged / file.path, self.table_folder / file.path)
        landings = [r.manifest_row(self.landing_id, self.landed_at) for r in self.results]
        landing.lake.commit(self.snapshot, Change(self.writer.added, self.removed, landings))


def _finish(out: IO[bytes]) -> None:
    out.truncate()
    out.close()


def _batched(lines: Iterator[bytes], size: int) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    for line in lines:
        batch.append(line)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
