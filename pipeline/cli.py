"""Commands of ``python -m pipeline``."""

from __future__ import annotations

from typing import Annotated

import duckdb
import typer

from pipeline.build import BuildError, describe
from pipeline.build import build as build_warehouse
from pipeline.settings import UsageError, load_settings
from pipeline.sql import open_warehouse, prompt, run_query

app = typer.Typer(
    help="Build the warehouse from what has landed, and ask it questions.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def build(
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Rebuild every date, whatever changed.")
    ] = False,
    select: Annotated[
        list[str] | None,
        typer.Option(help="dbt selector; build only this. The next build restates it again."),
    ] = None,
) -> None:
    """Build and test the models over what has landed; swap the result in when all is well."""
    try:
        settings = load_settings()
        report = build_warehouse(settings, full_refresh=full_refresh, select=select or [])
    except UsageError as error:
        typer.echo(error, err=True)
        raise typer.Exit(2) from error
    except BuildError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error
    typer.echo(describe(report, settings.warehouse))
    if not report.succeeded:
        raise typer.Exit(1)


@app.command()
def sql(
    command: Annotated[
        str | None, typer.Option("-c", "--command", help="Run one statement and end.")
    ] = None,
) -> None:
    """Open a read-only SQL prompt on the warehouse."""
    try:
        connection = open_warehouse(load_settings())
    except UsageError as error:
        typer.echo(error, err=True)
        raise typer.Exit(2) from error
    if command is None:
        prompt(connection)
        return
    try:
        run_query(connection, command)
    except duckdb.Error as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error
