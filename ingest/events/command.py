"""The commands of product events and changes: ``python -m ingest <source> PATH…``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

Paths = Annotated[
    list[str], typer.Argument(metavar="PATH…", help="Files, folders or globs to land.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Read and check everything, write nothing.")
]
_COMMANDS = {
    "product-events": (
        "What the product got for its calls: own events, Langfuse scores, OTel evaluations.",
        "events/2026-10-05.ndjson",
    ),
    "changes": (
        "What was changed: deploys, prompt versions, route policies, prices, settings, flags.",
        "changes.csv",
    ),
}
_HELP = """{description}

    NDJSON (.gz, .zst), JSON documents, CSV or Parquet. Prints one line a file: rows_read =
    rows_landed + rows_duplicate + rows_quarantined. The same id again with other content is a
    newer version; is_revoked: true takes a row back.

    Examples:

      python -m ingest {source} {example}

      python -m ingest {source} {example} --dry-run --json
    """


def add_commands(app: typer.Typer) -> None:
    """Add one command for every source."""
    for source, (description, example) in _COMMANDS.items():
        app.command(source)(_command(source, description, example))


def _command(source: str, description: str, example: str) -> Callable[..., None]:
    def command(paths: Paths, as_json: AsJson = False, dry_run: DryRun = False) -> None:
        _land(source, paths, as_json=as_json, dry_run=dry_run)

    command.__doc__ = _HELP.format(source=source, description=description, example=example)
    return command


def _land(source: str, paths: list[str], *, as_json: bool, dry_run: bool) -> None:
    from ingest.events.landing import EventLanding  # noqa: PLC0415 — --help answers at once
    from ingest.inputs import find_files  # noqa: PLC0415
    from ingest.report import BytesProgress, result_line, result_row  # noqa: PLC0415
    from ingest.settings import load_settings  # noqa: PLC0415

    settings = load_settings()
    files = find_files(paths)
    rows: list[dict[str, Any]] = []
    with BytesProgress(f"landing {source}", sum(file.size for file in files)) as advance:
        landing = EventLanding(source, settings, dry_run=dry_run, advance=advance)
        try:
            for result in landing.run(files):
                rows.append(result_row(result))
                if not as_json:
                    print(result_line(rows[-1]), flush=True)
        finally:
            if as_json:
                said = {"dry_run": dry_run, "files": rows, "notes": landing.notes}
                print(json.dumps(said, indent=2))
    if not as_json:
        for note in landing.notes:
            print(f"note: {note}", file=sys.stderr)
    if not all(row["balanced"] for row in rows):
        raise SystemExit(1)
