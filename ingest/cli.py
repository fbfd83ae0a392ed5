"""The landing commands: ``python -m ingest <source> PATH…``, ``status``, ``compact``, ``prices``.

Exit codes: 0 done; 1 a check failed; 2 unusable arguments or input.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from ingest.errors import TokenhouseError
from ingest.events.command import add_commands as add_event_commands
from ingest.exports.command import add_commands
from ingest.prices.cli import app as prices_app
from ingest.report import BytesProgress, result_line, result_row
from ingest.settings import load_settings

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Land call logs, provider exports, invoices and product events in the raw lake.",
)
app.add_typer(prices_app, name="prices", help="The price seed: refresh it, check it.")

Paths = Annotated[
    list[str], typer.Argument(metavar="PATH…", help="Files, folders or globs to land.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Read and check everything, write nothing.")
]

_DESCRIPTIONS = {
    "calls": "Structured call logs: NDJSON (.gz, .zst), CSV or Parquet.",
    "responses": "Recorded provider response bodies with their context.",
    "otlp": "OTLP/JSON trace files: OTel GenAI, OpenLLMetry, OpenInference.",
    "litellm": "LiteLLM spend logs and standard logging payloads.",
    "langfuse": "Langfuse observation exports.",
}


def _land_command(source: str) -> Callable[..., None]:
    def command(paths: Paths, as_json: AsJson = False, dry_run: DryRun = False) -> None:
        _land(source, paths, as_json=as_json, dry_run=dry_run)

    command.__doc__ = f"""{_DESCRIPTIONS[source]}

    Prints one line a file: rows_read = rows_landed + rows_duplicate + rows_quarantined.

    Examples:

      python -m ingest {source} logs/2026-11-20/

      python -m ingest {source} 'logs/**/*.ndjson.gz' --dry-run --json
    """
    return command


for _source in _DESCRIPTIONS:
    app.command(_source)(_land_command(_source))
add_commands(app)
add_event_commands(app)


def _land(source: str, paths: list[str], *, as_json: bool, dry_run: bool) -> None:
    from ingest.inputs import find_files
    from ingest.landing import Landing

    settings = load_settings()
    files = find_files(paths)
    results = []
    with BytesProgress(f"landing {source}", sum(file.size for file in files)) as advance:
        landing = Landing(source, settings, dry_run=dry_run, advance=advance)
        try:
            for result in landing.run(files):
                results.append(result_row(result))
                if not as_json:
                    print(result_line(results[-1]), flush=True)
        finally:
            if as_json:
                print(json.dumps({"dry_run": dry_run, "files": results}, indent=2))
    if settings.hash_key is None and not as_json:
        print("note: TOKENHOUSE_HASH_KEY is not set, so user ids were dropped", file=sys.stderr)
    if not all(row["balanced"] for row in results):
        raise SystemExit(1)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show what has landed, per source.

    Examples:
      python -m ingest status

      python -m ingest status --json
    """
    from ingest.status import lake_status

    report = lake_status(load_settings())
    if as_json:
        print(json.dumps(report, indent=2, default=str))
        return
    for source, row in report["sources"].items():
        print(
            f"{source}: {row['files']:,} files, {row['rows_read']:,} read ="
            f" {row['rows_landed']:,} landed + {row['rows_duplicate']:,} duplicate +"
            f" {row['rows_quarantined']:,} quarantined,"
            f" {row['first_event_at']} to {row['last_event_at']}"
        )
    lake = report["lake"]
    print(
        f"lake: {lake['rows']:,} rows in {lake['data_files']:,} files over"
        f" {lake['days']:,} days, {lake['bytes'] / 1e6:,.1f} MB"
    )


@app.command()
def compact(as_json: AsJson = False) -> None:
    """Merge each day's small files into one, without changing a row.

    Example:
      python -m ingest compact
    """
    from ingest.compact import compact as compact_lake
    from ingest.lake import Lake

    result = compact_lake(Lake(load_settings().raw))
    if as_json:
        print(json.dumps(result.__dict__))
        return
    print(
        f"{result.files_before:,} files -> {result.files_after:,};"
        f" {result.rows:,} rows rewritten, {result.removed_from_disk:,} stale files removed"
    )


def main() -> None:
    """Run the command line; every expected error is one line and an exit code."""
    try:
        app(standalone_mode=True)
    except TokenhouseError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None
