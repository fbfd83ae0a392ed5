"""Commands of ``python -m publish``."""

from __future__ import annotations

import typer

from ingest.errors import TokenhouseError
from ingest.settings import load_settings
from ingest.store import reaching
from publish.budget_feed.cli import budget_feed
from publish.close.cli import close, verify
from publish.focus.cli import focus
from publish.reports import write_reports
from publish.reprice import reprice
from publish.whatif.cli import what_if_command

app = typer.Typer(
    help="Write what leaves the warehouse.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def main() -> None:
    """Write what leaves the warehouse."""


@app.command()
def reports() -> None:
    """Write every report of the warehouse to data/reports/*.csv.

    Example:
      python -m publish reports
    """
    try:
        settings = load_settings()
        local = settings.local
        with reaching(settings.data):
            written = write_reports(
                local / "warehouse.duckdb", local / "reports", lake=settings.data
            )
    except TokenhouseError as error:
        typer.echo(error, err=True)
        raise typer.Exit(error.exit_code) from error
    for file, row_count in written.items():
        typer.echo(f"{file}: {row_count} rows")


app.command()(reprice)
app.command("what-if")(what_if_command)
app.command()(close)
app.command()(verify)
app.command()(focus)
app.command("budget-feed")(budget_feed)
