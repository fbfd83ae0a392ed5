"""``python -m publish close`` and ``verify``."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from ingest.errors import TokenhouseError
from ingest.settings import load_settings
from publish.close.close import close_month
from publish.close.verify import verify_month
from publish.errors import RefusedError, TamperedError

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
        settings = load_settings()
        done = close_month(
            settings.local,
            month,
            today=dt.datetime.now(dt.UTC).date(),
            reason=reason.strip(),
            reviewed_by=reviewed_by.strip(),
            lake=settings.data,
        )
    except TokenhouseError as error:
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
        manifest = verify_month(load_settings().local / "closes", month)
    except TokenhouseError as error:
        raise _ended(error) from error
    typer.echo(
        f"{month} is what was closed: {len(manifest['files'])} files, "
        f"{len(manifest['control_totals']['journal_debits'])} balanced entries, "
        f"manifest {manifest['digest'][:16]}"
    )


def _ended(error: TokenhouseError) -> typer.Exit:
    is_finding = isinstance(error, RefusedError | TamperedError)
    typer.echo(error if is_finding else f"error: {error}", err=True)
    return typer.Exit(error.exit_code)
