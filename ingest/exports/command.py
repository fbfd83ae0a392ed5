"""The commands of the export sources: ``python -m ingest <source> PATH…``, ``--from``, ``--to``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import typer

from ingest.exports.registry import SOURCES, Source

Paths = Annotated[
    list[str] | None, typer.Argument(metavar="PATH…", help="Files, folders or globs to land.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Read and check everything, write nothing.")
]
AcceptSmaller = Annotated[
    bool,
    typer.Option(
        "--accept-smaller",
        help="Land buckets that fall under half of what is current, and buckets stated empty.",
    ),
]
Account = Annotated[
    str | None,
    typer.Option("--account", metavar="ID", help="Billing account of rows that name none."),
]
From = Annotated[
    str | None, typer.Option("--from", metavar="DAY", help="Pull from the API: first UTC day.")
]
To = Annotated[
    str | None, typer.Option("--to", metavar="DAY", help="Pull from the API: last UTC day.")
]
Pull = Annotated[
    bool,
    typer.Option("--pull", help="Pull what is new, and the restatement window again."),
]
RestateDays = Annotated[
    int | None,
    typer.Option(
        "--restate-days",
        metavar="N",
        help="Days before the last landed one to pull again without --from (default 7).",
    ),
]
_HELP = """{description}

    Prints one line a file: rows_read = rows_landed + rows_duplicate + rows_quarantined. A delivery
    states whole buckets (a day of an account): what it states replaces what was current of them.

    Examples:

      python -m ingest {source} {example}

      python -m ingest {source} {example} --dry-run --json
    """
_HELP_API = """
      python -m ingest {source} --from 2026-10-01 --to 2026-10-31
    """


@dataclass(frozen=True)
class Asked:
    """What a command was asked to do."""

    source: str
    as_json: bool
    dry_run: bool
    accept_smaller: bool
    account: str | None


@dataclass(frozen=True)
class Days:
    """Which days to pull; what is not said follows from what has landed."""

    first: str | None
    last: str | None
    restate_days: int | None


def add_commands(app: typer.Typer) -> None:
    """Add one command for every export source."""
    for name, source in SOURCES.items():
        app.command(name)(_api_command(name, source) if source.api else _command(name, source))


def _command(name: str, source: Source) -> Callable[..., None]:
    def command(
        *,
        paths: Paths = None,
        as_json: AsJson = False,
        dry_run: DryRun = False,
        accept_smaller: AcceptSmaller = False,
        account: Account = None,
    ) -> None:
        asked = Asked(name, as_json, dry_run, accept_smaller, account)
        _land(asked, paths, None)

    command.__doc__ = _HELP.format(
        source=name, description=source.description, example=source.example
    )
    return command


def _api_command(name: str, source: Source) -> Callable[..., None]:
    def command(
        *,
        paths: Paths = None,
        first: From = None,
        last: To = None,
        pull: Pull = False,
        restate_days: RestateDays = None,
        as_json: AsJson = False,
        dry_run: DryRun = False,
        accept_smaller: AcceptSmaller = False,
        account: Account = None,
    ) -> None:
        pulls = pull or first or last or restate_days is not None
        days = Days(first, last, restate_days) if pulls else None
        asked = Asked(name, as_json, dry_run, accept_smaller, account)
        _land(asked, paths, days)

    command.__doc__ = _HELP.format(
        source=name, description=source.description, example=source.example
    ) + _HELP_API.format(source=name)
    return command


def _land(asked: Asked, paths: list[str] | None, days: Days | None) -> None:
    from ingest.exports.run import land  # noqa: PLC0415 — --help answers at once

    land(asked, paths or [], days)
