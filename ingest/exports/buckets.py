"""What a delivery does to the buckets it states: new, the same again, instead of, or beside.

A delivery states whole buckets. A bucket that is delivered again with other content supersedes
what was current of it, unless the two complement each other: both name projects on every row and
share none, or their periods do not overlap. Nothing is decided by row: rows that vanished vanish.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import duckdb

from ingest.errors import InputError
from ingest.schemas import INVOICE_LINES, Table

_DELIVERY = {
    "line_id", "line_index", "bucket_key", "is_current", "source_file", "source_line",
    "landing_id", "landed_at", "exported_at",
}  # fmt: skip
_GROUPED_BY = ("dataset", "project_id", "api_key_id", "model", "line_item", "service_tier", "tags")


@dataclass(frozen=True)
class Stated:
    """What one delivery states of a bucket, summed up."""

    bucket_key: str
    landing_id: str
    rows: int
    lines: int
    content: int
    amount: Decimal
    quantity: Decimal
    grouping: str
    first_at: Any
    last_at: Any
    names_projects: bool


@dataclass
class Decision:
    """What becomes of one bucket.

    Attributes:
        verdict: ``fresh``, ``duplicate`` or ``superseding``.
        superseded: landings whose rows of the bucket are no longer current.
    """

    bucket_key: str
    verdict: str
    superseded: list[str] = field(default_factory=list)


def key_staged(con: duckdb.DuckDBPyConnection, table: Table, source: str) -> None:
    """Give every staged line its bucket; ``keyed`` is ``staged`` with ``bucket_key``."""
    if table is INVOICE_LINES:
        con.execute(
            "create or replace table keyed as"
            " select *, issuer || '|' || invoice_id as bucket_key from staged"
        )
        return
    con.execute(
        f"""
        create or replace table keyed as
        select
            staged.*,
            concat_ws(
                '|',
                '{source}',
                staged.family,
                staged.issuer,
                coalesce(aligned.account, staged.billing_account_id, ''),
                cast(staged.event_date as varchar)
            ) as bucket_key
        from staged
        left join aligned
            on staged.family = aligned.family
            and staged.issuer = aligned.issuer
            and staged.event_date = aligned.event_date
        """
    )


def align_accounts(con: duckdb.DuckDBPyConnection, path: str) -> None:
    """Find buckets that name no account where the other delivery of the day names one.

    API pages name no organisation, dashboard exports do: both state the same bucket. ``aligned``
    holds the account under which what is current is kept.

    Raises:
        InputError: a delivery without account on a day of which several accounts are current.
    """
    con.execute(
        """
        create or replace table aligned as
        with stated as (
            select family, issuer, event_date, billing_account_id as account from staged
            union all
            select family, issuer, event_date, account from empties
        ),
        delivered as (
            select
                family,
                issuer,
                event_date,
                count(distinct coalesce(account, '')) as account_count,
                max(coalesce(account, '')) as account
            from stated
            group by family, issuer, event_date
        ),
        kept as (
            select
                split_part(bucket_key, '|', 2) as family,
                issuer,
                event_date,
                count(distinct split_part(bucket_key, '|', 4)) as account_count,
                max(split_part(bucket_key, '|', 4)) as account
            from existing
            group by split_part(bucket_key, '|', 2), issuer, event_date
        )
        select
            delivered.family,
            delivered.issuer,
            delivered.event_date,
            kept.account_count,
            kept.account
        from delivered
        inner join kept
            on delivered.family = kept.family
            and delivered.issuer = kept.issuer
            and delivered.event_date = kept.event_date
        where
            delivered.account_count = 1
            and (
                (delivered.account = '' and kept.account <> '')
                or (delivered.account <> '' and kept.account_count = 1 and kept.account = '')
            )
        """
    )
    ambiguous = con.execute(
        "select cast(min(event_date) as varchar) from aligned where account_count > 1"
    ).fetchall()[0][0]
    if ambiguous:
        raise InputError(
            path,
            f"it names no account, and {ambiguous} is known of several",
            "Say which with --account ID",
        )


def identify(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Make ``lines``: ``keyed`` with a line id made of what the row says, and no more.

    A row that says the same twice in a delivery is two rows: the second has another id.
    """
    said = [f'"{name}"' for name in table.names if name not in _DELIVERY]
    content = ", ".join(f"coalesce(cast({name} as varchar), chr(30))" for name in said)
    con.execute(
        f"""
        create or replace table lines as
        with indexed as (
            select
                *,
                md5(concat_ws(chr(31), {content})) as line_hash
            from keyed
        ),
        numbered as (
            select
                *,
                cast(row_number() over (
                    partition by file_no, row_number order by arrival
                ) - 1 as integer) as line_index
            from indexed
        ),
        source_rows as (
            select
                file_no,
                row_number,
                bucket_key,
                md5(string_agg(line_hash, '' order by line_index)) as row_hash
            from numbered
            group by file_no, row_number, bucket_key
        ),
        told_apart as (
            select
                *,
                row_number() over (
                    partition by bucket_key, row_hash order by file_no, row_number
                ) as copy
            from source_rows
        )
        select
            numbered.* exclude (line_hash),
            md5(told_apart.bucket_key || '|' || row_hash || '|' || copy) as line_id
        from numbered
        inner join told_apart
            on numbered.file_no = told_apart.file_no
            and numbered.row_number = told_apart.row_number
            and numbered.bucket_key = told_apart.bucket_key
        """
    )


def summed(con: duckdb.DuckDBPyConnection, relation: str, table: Table) -> list[Stated]:
    """What each delivery in a relation states of each bucket."""
    if table is INVOICE_LINES:
        shape = "'' as grouping_, null as first_at, null as last_at, false as names_projects"
        quantity, identity = "cast(0 as decimal(38, 0))", "line_id"
    else:
        flags = " || ".join(
            "string_agg(distinct dataset, ',' order by dataset)"
            if name == "dataset"
            else f"(case when bool_or({name} is not null) then ' {name}' else '' end)"
            for name in _GROUPED_BY
        )
        shape = (
            f"{flags} as grouping_, min(period_start_at) as first_at,"
            " max(period_end_at) as last_at, count(project_id) = count(*) as names_projects"
        )
        quantity = "coalesce(sum(quantity) filter (where line_kind = 'usage'), 0)"
        identity = "line_id, line_index"
    rows = con.execute(
        f"""
        select
            bucket_key,
            landing_id,
            count(distinct line_id),
            count(*),
            sum(cast(hash({identity}) as hugeint)),
            coalesce(sum(amount), 0),
            {quantity},
            {shape}
        from {relation}
        group by bucket_key, landing_id
        """
    ).fetchall()
    return [Stated(*row) for row in rows]


def decide(
    stated: Sequence[Stated], current: Sequence[Stated], shared: set[tuple[str, str]]
) -> list[tuple[Decision, Stated, list[Stated]]]:
    """The verdict on each bucket, with the current deliveries it is compared with.

    Args:
        stated: buckets of the delivery; an emptied one has no rows.
        current: what is current of them.
        shared: bucket and landing pairs that have a project in common with the delivery.
    """
    by_bucket: Mapping[str, list[Stated]] = defaultdict(list)
    for old in current:
        by_bucket[old.bucket_key].append(old)
    decisions = []
    for new in stated:
        rivals = [old for old in by_bucket[new.bucket_key] if not _complements(new, old, shared)]
        same = (
            new.lines == sum(old.lines for old in rivals)
            and new.content == sum(old.content for old in rivals)
        )  # fmt: skip
        verdict = "fresh" if not rivals else "duplicate" if same else "superseding"
        if not new.rows and not rivals:
            continue
        superseded = [old.landing_id for old in rivals] if verdict == "superseding" else []
        decisions.append((Decision(new.bucket_key, verdict, superseded), new, rivals))
    return decisions


def _complements(new: Stated, old: Stated, shared: set[tuple[str, str]]) -> bool:
    if not new.rows:
        return False
    both_name = new.names_projects and old.names_projects
    if both_name and (new.bucket_key, old.landing_id) not in shared:
        return True
    if new.first_at is None or old.first_at is None:
        return False
    return bool(new.last_at <= old.first_at or old.last_at <= new.first_at)


def shrinkage(new: Stated, rivals: Sequence[Stated]) -> str | None:
    """How a bucket got sharply smaller, or None.

    Fewer rows alone are no loss where the delivery is grouped otherwise, or sums to the same.
    """
    rows = sum(old.rows for old in rivals)
    amount = sum((old.amount for old in rivals), Decimal(0))
    quantity = sum((old.quantity for old in rivals), Decimal(0))
    if abs(new.amount) * 2 < abs(amount):
        return f"amount {_plain(amount)} -> {_plain(new.amount)}"
    if abs(new.quantity) * 2 < abs(quantity):
        return f"quantity {_plain(quantity)} -> {_plain(new.quantity)}"
    same_sums = (new.amount, new.quantity) == (amount, quantity)
    same_grouping = all(old.grouping == new.grouping for old in rivals)
    if new.rows * 2 < rows and (not new.rows or (same_grouping and not same_sums)):
        return f"rows {rows} -> {new.rows}"
    return None


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
