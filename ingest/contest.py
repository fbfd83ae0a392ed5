"""Settle the contested rows of a group: events delivered more than once.

``ingest/versions.py`` says which version of an event counts; here the rows it speaks of are
brought together, the kept ones written, and the files rewritten whose current rows are superseded.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ingest.days import with_neighbours
from ingest.lake import DataFile
from ingest.schemas import CALLS
from ingest.sqltext import quoted
from ingest.versions import resolve_sql

if TYPE_CHECKING:
    from ingest.group import Group


class Contest:
    """The contested rows of one group, in its table ``contested``."""

    def __init__(self, group: Group) -> None:
        self.group = group
        self.con = group.con
        self.writer = group.writer

    def decide(self) -> None:
        """Write the versions to keep, count the duplicates, demote what is superseded."""
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
        self.group.count_landed("kept")
        self.writer.write("kept", self.group.dates("kept"))
        if existing:
            self._demote(existing)

    def _existing_versions(self) -> dict[str, DataFile]:
        """Files that hold earlier versions; ``existing`` becomes a table of those rows."""
        dates = with_neighbours(self.group.dates("contested"))
        staged = {str(self.writer.staged / f.path): f for f in self.writer.added}
        landed = {
            str(self.group.table_folder / file.path): file
            for date in dates
            for file in self.group.committed.get(date, [])
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
                f" where data_file = '{quoted(path)}')"
            )
            self.writer.write_file(
                old.partition,
                f"select * replace (is_current and not {is_demoted} as is_current)"
                f" from read_parquet('{quoted(path)}', hive_partitioning = false)",
            )
            if old in self.writer.added:
                self.writer.added.remove(old)
                Path(path).unlink()
            else:
                self.group.removed.append(old)

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
            self.group.results[file_no].touched_dates.add(date)

    def _count_decided(self) -> None:
        rows = self.con.execute(
            """
            select file_no, count(*) filter (where is_duplicate),
                count(*) filter (where not is_duplicate and not is_first_of_event)
            from decided where component_index = 0 group by file_no
            """
        ).fetchall()
        for file_no, duplicates, superseding in rows:
            self.group.results[file_no].rows_duplicate += duplicates
            self.group.results[file_no].rows_superseding += superseding
