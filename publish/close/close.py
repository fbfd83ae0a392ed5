"""Closing a month: all of it or nothing, once.

Data flow: warehouse.duckdb + data/closes/* -> data/closes/<month>/
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import localcontext
from pathlib import Path

import duckdb

from ingest.store import LOCAL_DATA, Location
from publish.close.inputs import first_day, open_warehouse, read_month
from publish.close.manifest import MANIFEST, Manifest, closed_months, read_manifest
from publish.close.pack import Draft, draft_close
from publish.close.readiness import broken_sums, open_reasons, out_of_order
from publish.close.totals import loose_ends
from publish.close.verify import findings_of
from publish.errors import RefusedError, TamperedError

DIGITS = 76
"""Enough for any sum of DECIMAL(38,12): Python's Decimal must not round on the way."""


@dataclass(frozen=True)
class Closed:
    """A closed month.

    Attributes:
        folder: where its files are.
        manifest: its manifest.
        is_new: False when it was closed already and nothing changed.
    """

    folder: Path
    manifest: Manifest
    is_new: bool


def close_month(
    data: Path,
    month: str,
    *,
    today: dt.date,
    reason: str = "",
    reviewed_by: str = "",
    lake: Location = LOCAL_DATA,
) -> Closed:
    """Closes a month, or finds that it is closed with the same inputs.

    Args:
        data: folder of the warehouse and the closes.
        month: the month, as 2026-10.
        today: the day it is; decides whether the month is over, and nothing else.
        reason: why it is closed although it is open or out of tolerance.
        reviewed_by: who looked at it.
        lake: where what the warehouse shows as views is.

    Raises:
        RefusedError: it may not be closed.
        TamperedError: a closed month has been changed.
        PublishError: the warehouse cannot be used.
    """
    first_day(month)
    closes = data / "closes"
    closed = closed_months(closes)
    with localcontext() as context, open_warehouse(data / "warehouse.duckdb", lake) as connection:
        context.prec = DIGITS
        _expect_untouched(closes, closed)
        if month in closed:
            return _closed_again(connection, closes, month, closed)
        if late := out_of_order(month, closed):
            raise RefusedError(month, late)
        current = read_month(connection, month)
        if broken := broken_sums(current):
            raise RefusedError(month, broken)
        reasons = open_reasons(current, today)
        if reasons and not reason:
            raise RefusedError(month, [*reasons, 'with --reason "…" it is closed all the same'])
        draft = draft_close(
            connection,
            closes,
            month,
            closed,
            open_items=reasons,
            current=current,
            reason=reason,
            reviewed_by=reviewed_by,
        )
    if loose := loose_ends(draft.manifest["control_totals"]):
        raise RefusedError(month, loose)
    folder = _write(closes, month, draft)
    return Closed(folder, read_manifest(folder), is_new=True)


def _closed_again(
    connection: duckdb.DuckDBPyConnection, closes: Path, month: str, closed: Sequence[str]
) -> Closed:
    """The close that is there, if the warehouse still says the same."""
    there = read_manifest(closes / month)
    draft = draft_close(
        connection,
        closes,
        month,
        [name for name in closed if name < month],
        open_items=there["open_items"],
        current=read_month(connection, month),
        reason=there["reason"],
        reviewed_by=there["reviewed_by"],
    )
    changed = [
        name for name, digest in draft.manifest["inputs"].items() if there["inputs"][name] != digest
    ]
    if changed:
        raise RefusedError(
            month,
            [
                f"it was closed with other {', '.join(changed)}; a closed month never changes",
                "what changed is posted as restatements when the next month is closed",
            ],
        )
    return Closed(closes / month, there, is_new=False)


def _expect_untouched(closes: Path, closed: Sequence[str]) -> None:
    """A restatement measures against closed months, so they must be what was closed."""
    for month in closed:
        if findings := findings_of(closes, month):
            raise TamperedError(month, findings)


def _write(closes: Path, month: str, draft: Draft) -> Path:
    """Writes every file to a hidden folder beside the closes and renames it."""
    folder = closes / month
    workshop = closes / f".{month}.draft"
    shutil.rmtree(workshop, ignore_errors=True)
    for name, content in draft.sealed_files.items():
        file = workshop / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    if folder.exists() and not (folder / MANIFEST).exists():
        shutil.rmtree(folder)
    workshop.rename(folder)
    return folder
