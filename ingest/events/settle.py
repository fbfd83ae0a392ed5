"""Which version of a row counts, when an id has been delivered more than once, on whatever date.

A row that says what a version of its id said is a duplicate, anything else a further version. The
latest ``observed_at`` counts; a row without one comes after all that arrived before it, and the
later arrival decides between equals. Superseded versions stay, with ``is_current = false``.

Saying the same again later is no news, but saying it again after something else was said is: in
order of observation, a row is a duplicate if the version beside it says the same. One that does
not say when it was observed is a duplicate of any equal version.

A revocation may be no more than an id: it takes what it does not say from the version before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.lake import DataFile
from ingest.sqltext import quoted

if TYPE_CHECKING:
    from ingest.events.group import EventGroup

# Where and when a row was delivered is not part of what it says.
_DELIVERY = {
    "observed_at", "source", "source_file", "source_line", "landing_id", "landed_at", "is_current",
    "event_date",
}  # fmt: skip

_ORDER = ("is_new", "landed_at", "file_no", "source_file", "source_line", "arrival")
_ARRIVED = ", ".join(_ORDER)
_LATEST = ", ".join(f"{name} desc" for name in _ORDER)


class Settlement:
    """The rows of one group whose ids have been met before, in its table ``staged``.

    Afterwards ``landing`` holds the rows to write.
    """

    def __init__(self, group: EventGroup) -> None:
        self.group = group
        self.con = group.con
        self.source = group.source
        self.names = group.source.table.names

    def settle(self) -> None:
        """Sort out the contested ids, demote what is superseded, count duplicates."""
        run = self.con.execute
        self._find_contested()
        contested = f"{self.source.id} in (select id from contested)"
        if not run("select 1 from contested limit 1").fetchall():
            run("create or replace temp view landing as select * from staged")
            return
        self._load_existing()
        self._complete_partial()
        run(f"create or replace table rivals as select * from staged where {contested}")
        self._rank()
        columns = ", ".join(f"rivals.{n}" for n in self.group.work_columns if n != "is_current")
        run(
            f"""
            create or replace table kept as
            select {columns}, ranked.is_current
            from rivals
            inner join ranked on rivals.arrival = ranked.arrival
            where not ranked.is_duplicate
            """
        )
        run(
            f"create or replace temp view landing as select * from staged where not ({contested})"
            " union all by name select * from kept"
        )
        self._count()
        self._demote()

    def _find_contested(self) -> None:
        """Make ``contested``: ids delivered twice, landed already, or revoked without more."""
        run = self.con.execute
        run(
            f"""
            create or replace table contested as
            select {self.source.id} as id, count(*) as deliveries, bool_or(is_partial) as is_partial
            from staged
            group by {self.source.id}
            """
        )
        files = self.group.committed_paths
        run("create or replace table matched (id varchar, data_file varchar)")
        if files:
            run(
                f"""
                insert into matched
                select distinct {self.source.id}, filename
                from read_parquet({list(files)!r}, filename = true, hive_partitioning = false)
                where {self.source.id} in (select id from contested)
                """
            )
        run(
            "delete from contested where deliveries = 1 and not is_partial"
            " and id not in (select id from matched)"
        )

    def _load_existing(self) -> None:
        """Make ``existing``: every landed version of the contested ids, with its file."""
        run = self.con.execute
        run(f"create or replace table existing ({self.source.table.ddl()}, data_file varchar)")
        paths = [p for (p,) in run("select distinct data_file from matched").fetchall()]
        if not paths:
            return
        dates = ", ".join(
            f"('{quoted(path)}', date '{self.group.committed_paths[path].partition}')"
            for path in paths
        )
        columns = ", ".join(f'"{n}"' for n in self.names if n != "event_date")
        run(
            f"""
            insert into existing
            select cast(named.event_date as date), {columns}, filename
            from read_parquet({paths!r}, filename = true, hive_partitioning = false)
            inner join (values {dates}) as named(path, event_date) on filename = named.path
            where {self.source.id} in (select id from contested)
            """
        )

    def _complete_partial(self) -> None:
        """Give revocations that only name an id what the latest version of it says."""
        run = self.con.execute
        if not run("select 1 from staged where is_partial limit 1").fetchall():
            return
        own = _DELIVERY - {"event_date", "source"} | {"is_revoked", self.source.id}
        said = [name for name in self.names if name not in own]
        shared = ", ".join([self.source.id, *said])
        run(
            f"""
            create or replace table wholes as
            with versions as (
                select {shared}, landed_at, -1 as file_no, source_line, is_current
                from existing
                union all
                select {shared}, landed_at, file_no, source_line, false
                from staged
                where not is_partial and {self.source.id} in (select id from contested)
            )
            select {shared}
            from versions
            where true
            qualify row_number() over (
                partition by {self.source.id}
                order by is_current desc, landed_at desc, file_no desc, source_line desc
            ) = 1
            """
        )
        filled = ", ".join(f"{name} = coalesce(staged.{name}, wholes.{name})" for name in said)
        run(
            f"update staged set {filled} from wholes where staged.is_partial"
            f" and staged.{self.source.id} = wholes.{self.source.id}"
        )
        self.group.refuse_staged("is_partial and event_date is null", self.source.what)

    def _rank(self) -> None:
        """Make ``ranked``: every version of a contested id, what it is and whether it counts."""
        content = ", ".join(f'"{n}"' for n in self.names if n not in _DELIVERY)
        version = (
            f"{self.source.id} as id, hash({content}) as content, observed_at, landed_at,"
            " source_file, source_line"
        )
        self.con.execute(
            f"""
            create or replace table ranked as
            with versions as (
                select {version}, file_no, arrival, true as is_new from rivals
                union all
                select {version}, -1, -1, false from existing
            ),
            told_before as (
                select
                    *,
                    row_number() over (
                        partition by id, content order by {_ARRIVED}
                    ) > 1 as is_said_before,
                    row_number() over (
                        partition by id, content, observed_at order by {_ARRIVED}
                    ) > 1 as is_same_delivery
                from versions
            ),
            repeats as (
                select
                    *,
                    is_new and (
                        is_same_delivery or (observed_at is null and is_said_before)
                    ) as is_repeat
                from told_before
            ),
            timed as (
                select
                    *,
                    coalesce(
                        observed_at,
                        max(observed_at) over (
                            partition by id, is_repeat order by {_ARRIVED}
                            rows between unbounded preceding and current row
                        ),
                        timestamptz '1970-01-01 00:00:00+00'
                    ) as known_at
                from repeats
            ),
            turns as (
                select
                    *,
                    lag(content) over (
                        partition by id, is_repeat order by known_at, {_ARRIVED}
                    ) is distinct from content as is_turn
                from timed
            ),
            spells as (
                select
                    *,
                    sum(cast(is_turn as integer)) over (
                        partition by id, is_repeat order by known_at, {_ARRIVED}
                        rows between unbounded preceding and current row
                    ) as spell
                from turns
            ),
            judged as (
                select
                    *,
                    is_repeat or (is_new and row_number() over (
                        partition by id, is_repeat, spell order by is_new, known_at, {_ARRIVED}
                    ) > 1) as is_duplicate
                from spells
            )
            select
                *,
                not is_duplicate and row_number() over (
                    partition by id, is_duplicate order by known_at desc, {_LATEST}
                ) = 1 as is_current,
                row_number() over (partition by id, is_duplicate order by {_ARRIVED}) > 1
                    as is_further
            from judged
            """
        )

    def _count(self) -> None:
        for file_no, duplicates, superseding in self.con.execute(
            """
            select
                rivals.file_no,
                count(*) filter (where ranked.is_duplicate),
                count(*) filter (where not ranked.is_duplicate and ranked.is_further)
            from rivals
            inner join ranked on rivals.arrival = ranked.arrival
            group by rivals.file_no
            """
        ).fetchall():
            self.group.results[file_no].rows_duplicate += duplicates
            self.group.results[file_no].rows_superseding += superseding

    def _demote(self) -> None:
        """Rewrite the data files whose current versions are superseded."""
        run = self.con.execute
        run(
            f"""
            create or replace table demoted as
            select distinct existing.{self.source.id} as id, existing.data_file
            from existing
            inner join ranked on existing.{self.source.id} = ranked.id
            where existing.is_current and ranked.is_new and ranked.is_current
            """
        )
        for (path,) in run("select distinct data_file from demoted order by 1").fetchall():
            old: DataFile = self.group.committed_paths[path]
            gone = (
                f"{self.source.id} in (select id from demoted where data_file = '{quoted(path)}')"
            )
            self.group.writer.write_file(
                old.partition,
                f"select * replace (is_current and not ({gone}) as is_current)"
                f" from read_parquet('{quoted(path)}', hive_partitioning = false)",
            )
            self.group.removed.append(old)
        for file_no, date in run(
            f"""
            select distinct rivals.file_no, cast(existing.event_date as varchar)
            from existing
            inner join demoted
                on existing.{self.source.id} = demoted.id
                and existing.data_file = demoted.data_file
            inner join rivals on existing.{self.source.id} = rivals.{self.source.id}
            inner join ranked on rivals.arrival = ranked.arrival and ranked.is_current
            where existing.is_current
            """
        ).fetchall():
            self.group.results[file_no].touched_dates.add(date)
