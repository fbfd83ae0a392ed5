"""Settle a delivery: what it does to each bucket that it states."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from ingest.errors import InputError
from ingest.exports.buckets import (
    Stated,
    align_accounts,
    decide,
    identify,
    key_staged,
    shrinkage,
    summed,
)
from ingest.lake import DataFile
from ingest.schemas import INVOICE_LINES
from ingest.sqltext import quoted

if TYPE_CHECKING:
    from ingest.exports.delivery import Delivery

_NAMED_DAYS = 5


class Settlement:
    """The decision on every bucket of one delivery, in tables of the work database.

    ``lines`` has the staged lines with bucket and id, ``decided`` a verdict for every bucket,
    ``superseded`` the buckets of earlier landings that are no longer current.
    """

    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self.landing = delivery.landing
        self.con = delivery.con
        self.table = delivery.table

    def settle(self) -> dict[str, DataFile]:
        """Decide; returns the data files that hold what was current, by their address.

        Raises:
            InputError: a bucket got sharply smaller, or nobody knows whose it is.
        """
        paths = self._load_existing()
        if self.table is not INVOICE_LINES:
            align_accounts(self.con, str(self.delivery.results[0].file.path))
        key_staged(self.con, self.table, self.landing.source)
        self.con.execute("drop table staged")
        identify(self.con, self.table)
        self.con.execute("drop table keyed")
        self._decide()
        return paths

    def _load_existing(self) -> dict[str, DataFile]:
        """Make ``existing``: the current rows of the days (or invoices) the delivery speaks of."""
        run = self.con.execute
        if self.table is INVOICE_LINES:
            files = [file for day in self.delivery.committed.values() for file in day]
            scope = "invoice_id in (select invoice_id from staged)"
        else:
            days = run(
                "select cast(event_date as varchar) from staged"
                " union select cast(event_date as varchar) from empties"
            ).fetchall()
            files = [file for (day,) in days for file in self.delivery.committed.get(day, [])]
            scope = f"source = '{self.landing.source}'"
        paths = {str(self.delivery.folder / file.path): file for file in files}
        run(f"create or replace table existing ({self.table.ddl()}, data_file varchar)")
        if not files:
            return paths
        dates = ", ".join(f"('{quoted(p)}', date '{f.partition}')" for p, f in paths.items())
        columns = ", ".join(f'"{n}"' for n in self.table.names if n != "event_date")
        run(
            f"""
            insert into existing
            select cast(named.event_date as date), {columns}, filename
            from read_parquet({list(paths)!r}, filename = true, hive_partitioning = false)
            inner join (values {dates}) as named(path, event_date) on filename = named.path
            where is_current and {scope}
            """
        )
        return paths

    def _decide(self) -> None:
        run = self.con.execute
        self._find_emptied()
        run(
            "create or replace view delivered as"
            f" select *, '{self.delivery.landing_id}' as landing_id from lines"
        )
        stated = summed(self.con, "delivered", self.table) + self._emptied()
        keys = "bucket_key in (select bucket_key from lines union select bucket_key from emptied)"
        current = summed(self.con, f"existing where {keys}", self.table)
        shared = set(
            run(
                """
                select distinct existing.bucket_key, existing.landing_id
                from existing
                inner join lines
                    on existing.bucket_key = lines.bucket_key
                    and existing.project_id = lines.project_id
                """
            ).fetchall()
        )
        decisions = decide(stated, current, shared)
        if not self.landing.accept_smaller:
            self._refuse_smaller(
                [(new, rivals) for choice, new, rivals in decisions if choice.superseded]
            )
        run("create or replace table decided (bucket_key varchar, verdict varchar)")
        run("create or replace table superseded (bucket_key varchar, landing_id varchar)")
        choices = [choice for choice, _, _ in decisions]
        if choices:
            self.con.executemany(
                "insert into decided values (?, ?)", [[c.bucket_key, c.verdict] for c in choices]
            )
        gone = [[c.bucket_key, old] for c in choices for old in c.superseded]
        if gone:
            self.con.executemany("insert into superseded values (?, ?)", gone)

    def _find_emptied(self) -> None:
        """Make ``emptied``: buckets that pages state with zero results and that hold something."""
        run = self.con.execute
        run("create or replace table emptied (bucket_key varchar)")
        if not self.landing.accept_smaller or self.table is INVOICE_LINES:
            return
        run(
            """
            insert into emptied
            select distinct existing.bucket_key
            from existing
            inner join empties
                on split_part(existing.bucket_key, '|', 2) = empties.family
                and existing.issuer = empties.issuer
                and existing.event_date = empties.event_date
                and (
                    empties.account is null
                    or split_part(existing.bucket_key, '|', 4) in ('', empties.account)
                )
            where existing.bucket_key not in (select bucket_key from lines)
            """
        )

    def _emptied(self) -> list[Stated]:
        keys = self.con.execute("select bucket_key from emptied order by 1").fetchall()
        none = Decimal(0)
        return [
            Stated(key, self.delivery.landing_id, 0, 0, 0, none, none, "", None, None, False)
            for (key,) in keys
        ]

    def _refuse_smaller(self, superseding: list[tuple[Stated, list[Stated]]]) -> None:
        problems = [
            f"{new.bucket_key.rsplit('|', 1)[-1]} {problem}"
            for new, rivals in superseding
            if (problem := shrinkage(new, rivals))
        ]
        if not problems:
            return
        problems.sort()
        more = len(problems) - _NAMED_DAYS
        told = "; ".join(problems[:_NAMED_DAYS]) + (f"; and {more} more" if more > 0 else "")
        what = "invoice" if self.table is INVOICE_LINES else "day"
        raise InputError(
            ", ".join(str(result.file.path) for result in self.delivery.results[:3]),
            f"it states less than half of what is current for {len(problems)} {what}(s): {told}",
            "Nothing of it has landed. Check that the export is whole; if it is right, land it"
            " with --accept-smaller",
        )
