"""Commands of ``python -m publish``."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from publish.reports import MissingWarehouseError, write_reports
from publish.reprice import reprice

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
    data = Path(os.environ.get("TOKENHOUSE_DATA") or "data")
    try:
        written = write_reports(data / "warehouse.duckdb", data / "reports")
    except MissingWarehouseError as error:
        typer.echo(error, err=True)
        raise typer.Exit(2) from error
    for file, row_count in written.items():
        typer.echo(f"{file}: {row_count} rows")


app.command()(reprice)
