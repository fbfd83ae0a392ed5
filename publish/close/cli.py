"""``python -m publish close`` and ``verify``."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from publish.close.close import close_month
from publish.close.errors import CloseError, RefusedError, TamperedError
from publish.close.folder import places
from publish.close.verify import verify_month

MonthOption = Annotated[str, typer.Option(help="The month, as 2026-10.")]


def close(
    month: MonthOption,
    reason: Annotated[
        str, typer.Option(help="Why it is closed although it is open or out of tolerance.")
    ] = "",
    reviewed_by: Annotated[str, typer.Option(help="Who looked at it.")] = "",
) -> None:
    """Close a month: write its finance pack to data/closes/<month>, once.

    Exit 1 when the month may not be closed or was closed with other inputs.

    Example:
      python -m publish close --month 2026-10 --reviewed-by "A. Person"
    """
    try:
        where = places()
        done = close_month(
            where.local,
            month,
            today=dt.datetime.now(dt.UTC).date(),
            reason=reason.strip(),
            reviewed_by=reviewed_by.strip(),
            lake=where.data,
        )
    except CloseError as error:
        raise _ended(error) from error
    if not done.is_new:
        typer.echo(f"{month} is closed already, with the same inputs; nothing written")
        return
    for name, file in done.manifest["files"].items():
        rows = "" if file["rows"] is None else f"{file['rows']} rows, "
        typer.echo(f"{done.folder / name}: {rows}{file['bytes']} bytes")
    typer.echo(f"{month} is closed: manifest {done.manifest['digest'][:16]}")


def verify(month: MonthOption) -> None:
    """Prove that a closed month is what was closed: every byte, every sum, the chain.

    Exit 1, naming the file and what differs, when it is not.

    Example:
      python -m publish verify --month 2026-10
    """
    try:
        manifest = verify_month(places().local / "closes", month)
    except CloseError as error:
        raise _ended(error) from error
    typer.echo(
        f"{month} is what was closed: {len(manifest['files'])} files, "
        f"{len(manifest['control_totals']['journal_debits'])} balanced entries, "
        f"manifest {manifest['digest'][:16]}"
    )


def _ended(error: CloseError) -> typer.Exit:
    is_finding = isinstance(error, RefusedError | TamperedError)
    typer.echo(error if is_finding else f"error: {error}", err=True)
    return typer.Exit(1 if is_finding else 2)
