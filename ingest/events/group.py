"""Land one group of files: read, settled by id, written, committed at once."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import uuid
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ingest.arrays import text_array
from ingest.datafiles import DataFileWriter
from ingest.events.parse import typed_sql
from ingest.events.reading import Reader
from ingest.events.settle import Settlement
from ingest.exports.people import clean, names_people
from ingest.lake import Change, DataFile
from ingest.privacy import hash_users
from ingest.quarantine import refusals_told, write_quarantine
from ingest.results import FileResult
from ingest.schemas import QUARANTINE
from ingest.sqltext import quoted
from ingest.store import put

if TYPE_CHECKING:
    from ingest.events.landing import EventLanding

_WORK = ("file_no", "arrival", "is_partial", "raw_text")
_REFUSALS = pa.schema(
    [("file_no", pa.int32()), ("source_line", pa.int64())]
    + [(name, pa.string()) for name in ("reason", "field", "value", "raw_text")]
)
_MAX_RAW = 65_536
# What people wrote, under the names tools give it; it waits in no quarantine either.
_PROSE = ("comment", "explanation", "reasoning", "feedback", "message", "description", "body",
          "prompt", "completion", "input", "output", "text")  # fmt: skip


class EventGroup:
    """The files of one commit.

    Attributes:
        committed_paths: data files of the snapshot by their address.
        work_columns: columns of ``staged``.
        notes: what to tell the user.
    """

    def __init__(self, landing: EventLanding, results: list[FileResult]) -> None:
        self.landing = landing
        self.con = landing.con
        self.source = landing.source
        self.table = landing.source.table
        self.results = results
        self.landing_id = uuid.uuid4().hex
        self.landed_at = dt.datetime.now(dt.UTC)
        self.snapshot = landing.lake.open(self.table)
        self.folder = landing.lake.folder(self.table)
        self.committed_paths = {
            str(self.folder / file.path): file
            for day in landing.lake.files(self.snapshot).values()
            for file in day
        }
        self.staged = landing.work / self.landing_id
        self.writer = DataFileWriter(self.con, self.staged, self.table)
        self.removed: list[DataFile] = []
        self.work_columns = [*self.table.names, *_WORK]
        self.notes: list[str] = []
        self.arrivals = 0

    def land(self) -> None:
        """Read, settle, write and commit the group; its results are then final.

        Raises:
            InputError: a file cannot be read; nothing of the group has landed.
        """
        run = self.con.execute
        run(
            f"create or replace temp table staged ({self.table.ddl()}, file_no int, arrival bigint,"
            " is_partial boolean, raw_text varchar)"
        )
        run(f"create or replace table refused ({QUARANTINE.ddl()}, file_no int)")
        reader = Reader(self.con, self.source, self.landing.batch_bytes)
        for number, result in enumerate(self.results):
            for _ in reader.batches(result.file):
                self._stage(reader, number, result)
            self.landing.advance(result.file.size)
        Settlement(self).settle()
        self._write()
        self.notes += refusals_told(self.con, self.results)
        if not self.landing.dry_run:
            self._publish()
        shutil.rmtree(self.staged, ignore_errors=True)

    def _stage(self, reader: Reader, file_no: int, result: FileResult) -> None:
        """Type a batch; accepted rows go to ``staged``, the others to ``refused``."""
        run = self.con.execute
        run(f"create or replace temp table typed as {typed_sql(self.source, 'fields')}")
        [(rows, bad, partial)] = run(
            "select count(*), count(problem), count(*) filter (where is_partial) from typed"
        ).fetchall()
        result.rows_read += rows
        if bad:
            self._refuse(reader, file_no)
        if partial:
            self._keep_origins(reader)
        joined = ""
        if "user_id_hash" in self.table.names:
            hash_users(self.con, "typed", self.landing.settings.hash_key)
            joined = "left join user_hashes on typed.user_id = user_hashes.user_id"
        run(
            f"""
            insert into staged by name
            select
                {", ".join(self._row(result))},
                {file_no} as file_no,
                {self.arrivals} + row_no as arrival,
                is_partial,
                {"origins.raw_text" if partial else "cast(null as varchar) as raw_text"}
            from typed
            {joined}
            {"left join origins using (row_no)" if partial else ""}
            where problem is null
            """
        )
        # row numbers may have gaps: the next batch begins after the highest
        [(last,)] = run("select coalesce(max(row_no) + 1, 0) from typed").fetchall()
        self.arrivals += last

    def _row(self, result: FileResult) -> list[str]:
        filled = {
            "source_file": f"'{quoted(result.file.name)}'",
            "landing_id": f"'{self.landing_id}'",
            "landed_at": f"timestamptz '{self.landed_at.isoformat()}'",
            "is_current": "true",
        }
        return [f'{filled[n]} as "{n}"' if n in filled else f'"{n}"' for n in self.table.names]

    def _keep_origins(self, reader: Reader) -> None:
        """Remember the text of rows that may yet be refused."""
        found = self.con.execute("select row_no from typed where is_partial").fetchall()
        texts = [_without_people(reader.origin(row_no)) for (row_no,) in found]
        table = pa.table(
            {
                "row_no": pa.array([row_no for (row_no,) in found], pa.int64()),
                "raw_text": text_array(texts, pa.string()),
            }
        )
        self.con.register("origins_now", table)
        self.con.execute("create or replace temp table origins as select * from origins_now")
        self.con.unregister("origins_now")

    def _refuse(self, reader: Reader, file_no: int) -> None:
        rows = self.con.execute(
            "select row_no, source_line, problem, problem_field, problem_value from typed"
            " where problem is not null order by row_no"
        ).fetchall()
        said = []
        for row_no, line, reason, field, value in rows:
            text, known = _unmarked(reader.origin(row_no), value)
            said.append(
                {
                    "file_no": file_no,
                    "source_line": line,
                    "reason": reason,
                    "field": field or None,
                    "value": None if known is None else clean(known),
                    "raw_text": _without_people(text),
                }
            )
        arrays = [text_array([row[f.name] for row in said], f.type) for f in _REFUSALS]
        self.con.register("refusals_now", pa.table(arrays, schema=_REFUSALS))
        name = quoted(self.results[file_no].file.name)
        self.con.execute(
            f"""
            insert into refused by name
            select *, {self._refused_as(name)}
            from refusals_now
            """
        )
        self.con.unregister("refusals_now")
        self.results[file_no].rows_quarantined += len(rows)

    def _refused_as(self, file_name: str) -> str:
        return (
            f"'{self.source.name}' as source, '{file_name}' as source_file,"
            f" '{self.landing_id}' as landing_id,"
            f" timestamptz '{self.landed_at.isoformat()}' as landed_at"
        )

    def refuse_staged(self, condition: str, field: str) -> None:
        """Refuse staged rows that turn out to be missing a field."""
        run = self.con.execute
        for file_no, count in run(
            f"select file_no, count(*) from staged where {condition} group by file_no"
        ).fetchall():
            name = quoted(self.results[file_no].file.name)
            run(
                f"""
                insert into refused by name
                select file_no, source_line, 'missing_field' as reason, '{field}' as field,
                    raw_text, {self._refused_as(name)}
                from staged
                where {condition} and file_no = {file_no}
                """
            )
            self.results[file_no].rows_quarantined += count
        run(f"delete from staged where {condition}")

    def _write(self) -> None:
        """Data files of the rows that land."""
        run = self.con.execute
        run(f"create or replace temp view written as select * from landing order by {self._order}")
        dates = run(
            "select distinct cast(event_date as varchar) from landing order by 1"
        ).fetchall()
        self.writer.write("written", [date for (date,) in dates])
        for file_no, rows, first, last, touched in run(
            f"""
            select
                file_no,
                count(*),
                min({self.source.at}),
                max({self.source.at}),
                list(distinct cast(event_date as varchar))
            from landing
            group by file_no
            """
        ).fetchall():
            result = self.results[file_no]
            result.rows_landed = rows
            result.first_event_at, result.last_event_at = first, last
            result.touched_dates |= set(touched)

    @property
    def _order(self) -> str:
        return "event_date, arrival"

    def _publish(self) -> None:
        """Quarantine, then data files, then the commit that makes them visible."""
        landing = self.landing
        write_quarantine(self.con, landing.work, landing.settings.quarantine, self.results)
        for file in self.writer.added:
            put(self.staged / file.path, self.folder / file.path)
        rows = [r.manifest_row(self.landing_id, self.landed_at) for r in self.results]
        landing.lake.commit(
            self.snapshot, Change(self.writer.added, self.removed, rows, self.table)
        )


def _unmarked(text: str, value: str | None) -> tuple[str, str | None]:
    """The text a marker line stands for, and the value to tell."""
    if not text.startswith('{"_reject"'):
        return text, value
    return value or "", None


def _without_people(text: str) -> str:
    """A refused row without people and prose: by field where it is JSON, by pattern anyway."""
    try:
        said = json.loads(text, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        return clean(text[:_MAX_RAW])
    return clean(json.dumps(_kept(said), ensure_ascii=False, default=str))[:_MAX_RAW]


def _kept(value: Any) -> Any:
    if isinstance(value, dict):
        if _is_private(str(value.get("key"))):  # an attribute as OTLP writes it
            return {"key": value["key"]}
        return {k: _kept(v) for k, v in value.items() if not _is_private(k)}
    return [_kept(item) for item in value] if isinstance(value, list) else value


def _is_private(key: str) -> bool:
    snake = "".join("_" + char if char.isupper() else char for char in key).lower()
    return names_people(key) or names_people(snake.lstrip("_")) or snake.endswith(_PROSE)
