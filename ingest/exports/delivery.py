"""One delivery: read, sorted out against what is current, written, committed."""

from __future__ import annotations

import datetime as dt
import shutil
from typing import TYPE_CHECKING, Any

from ingest.datafiles import DataFileWriter
from ingest.exports.registry import reader_of
from ingest.exports.settle import Settlement
from ingest.exports.stage import Stage
from ingest.lake import Change, DataFile
from ingest.quarantine import refusals_told, write_quarantine
from ingest.results import FileResult
from ingest.schemas import INVOICE_LINES
from ingest.sqltext import quoted
from ingest.store import put

if TYPE_CHECKING:
    from ingest.exports.landing import ExportLanding


class Delivery:
    """The files of one delivery, and what becomes of them.

    Attributes:
        notes: what to tell the user.
    """

    def __init__(
        self,
        landing: ExportLanding,
        results: list[FileResult],
        landing_id: str,
        landed_at: dt.datetime,
    ) -> None:
        self.landing = landing
        self.con = landing.con
        self.table = landing.table
        self.results = results
        self.landing_id = landing_id
        self.landed_at = landed_at
        self.snapshot = landing.lake.open(self.table)
        self.committed = landing.lake.files(self.snapshot)
        self.folder = landing.lake.folder(self.table)
        self.staged = landing.work / landing_id
        self.writer = DataFileWriter(self.con, self.staged, self.table)
        self.removed: list[DataFile] = []
        self.notes: list[str] = []

    def land(self) -> None:
        """Read, decide, write and commit; the results are then final.

        Raises:
            InputError: nothing of the delivery has landed.
        """
        self._read()
        self.paths = Settlement(self).settle()
        self._count()
        self._write()
        if not self.landing.dry_run:
            self._publish()
        shutil.rmtree(self.staged, ignore_errors=True)

    def _read(self) -> None:
        landing = self.landing
        stage = Stage(self.con, self.table, landing.source, landing.account)
        read = reader_of(landing.source)
        for number, result in enumerate(self.results):
            for record in read(result.file):
                stage.add(record, number, result.file.name)
            landing.advance(result.file.size)
        stage.finish()
        if not landing.accept_smaller:
            self.con.execute("delete from empties")
        self.notes += stage.notes
        if stage.rounded:
            self.notes.append(
                f"{stage.rounded:,} numbers have more decimals than the lake keeps;"
                " they were rounded half-even"
            )

    def _count(self) -> None:
        """Audit: every source row is landed, a duplicate, or in quarantine."""
        run = self.con.execute
        for number, count in run("select file_no, count(*) from refused group by 1").fetchall():
            self.results[number].rows_quarantined = count
            self.results[number].rows_read = count
        self.notes += refusals_told(self.con, self.results)
        for number, rows, landed, superseding, components in run(
            """
            with source_rows as (
                select
                    file_no,
                    row_number,
                    bool_or(verdict <> 'duplicate') as is_landed,
                    bool_or(verdict = 'superseding') as is_superseding,
                    count(*) filter (where verdict <> 'duplicate') as line_count
                from lines
                inner join decided using (bucket_key)
                group by file_no, row_number
            )
            select
                file_no,
                count(*),
                count(*) filter (where is_landed),
                count(*) filter (where is_superseding),
                coalesce(sum(line_count) filter (where is_landed), 0)
                - count(*) filter (where is_landed)
            from source_rows
            group by file_no
            """
        ).fetchall():
            result = self.results[number]
            result.rows_read += rows
            result.rows_landed = landed
            result.rows_duplicate = rows - landed
            result.rows_superseding = superseding
            result.rows_component = int(components)

    def _write(self) -> None:
        """Data files of the rows that land; files rewritten whose rows are superseded."""
        run = self.con.execute
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
        columns = ", ".join(
            f'{filled[n]} as "{n}"' if n in filled else f'"{n}"' for n in self.table.names
        )
        run(
            f"""
            create or replace view landing as
            select {columns}, file_no
            from lines
            inner join decided using (bucket_key)
            where verdict <> 'duplicate'
            order by event_date, bucket_key, file_no, row_number, line_index
            """
        )
        dates = [
            day
            for (day,) in run(
                "select distinct cast(event_date as varchar) from landing order by 1"
            ).fetchall()
        ]
        self.writer.write("landing", dates)
        self._touch()
        self._demote()

    def _touch(self) -> None:
        at = "event_date" if self.table is INVOICE_LINES else "period_start_at"
        for number, dates, first, last in self.con.execute(
            f"""
            select
                file_no,
                list(distinct cast(event_date as varchar)),
                min(cast({at} as timestamptz)),
                max(cast({at} as timestamptz))
            from landing
            group by file_no
            """
        ).fetchall():
            result = self.results[number]
            result.touched_dates |= set(dates)
            result.first_event_at, result.last_event_at = first, last

    def _demote(self) -> None:
        found = self.con.execute(
            "select distinct data_file, bucket_key, landing_id from existing"
            " inner join superseded using (bucket_key, landing_id) order by all"
        ).fetchall()
        by_file: dict[str, list[str]] = {}
        for path, key, landing_id in found:
            by_file.setdefault(path, []).append(f"('{quoted(key)}', '{landing_id}')")
        for path, pairs in by_file.items():
            old = self.paths[path]
            gone = f"(bucket_key, landing_id) in ({', '.join(pairs)})"
            self.writer.write_file(
                old.partition,
                f"select * replace (is_current and not {gone} as is_current)"
                f" from read_parquet('{quoted(path)}', hive_partitioning = false)",
            )
            self.removed.append(old)
            for result in self.results:
                result.touched_dates.add(old.partition)

    def _publish(self) -> None:
        """Quarantine, then data files, then the commit that makes them visible."""
        landing = self.landing
        write_quarantine(self._complete_refused(), landing.work, landing.settings.quarantine,
                         self.results)  # fmt: skip
        for file in self.writer.added:
            put(self.staged / file.path, self.folder / file.path)
        rows = [r.manifest_row(self.landing_id, self.landed_at) for r in self.results]
        landing.lake.commit(
            self.snapshot, Change(self.writer.added, self.removed, rows, self.table)
        )

    def _complete_refused(self) -> Any:
        for number, result in enumerate(self.results):
            self.con.execute(
                f"update refused set source_file = '{quoted(result.file.name)}',"
                f" landing_id = '{self.landing_id}',"
                f" landed_at = timestamptz '{self.landed_at.isoformat()}'"
                f" where file_no = {number}"
            )
        return self.con
