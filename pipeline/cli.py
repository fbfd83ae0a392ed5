"""Commands of ``python -m pipeline``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import duckdb
import typer
from rich.console import Console

from ingest.errors import TokenhouseError, UsageError
from pipeline.build import BuildError, describe
from pipeline.build import build as build_warehouse
from pipeline.calibrate import propose, show, smallest_changes, write_margins
from pipeline.cycle.run import OverlapError, run_cycle
from pipeline.demo import demo as run_demo
from pipeline.docs import write_docs
from pipeline.settings import load_settings
from pipeline.simulate.run import DEFAULT_END
from pipeline.simulate.run import simulate as simulate_company
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
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Test single calls of every date it restates.")
    ] = False,
    select: Annotated[
        list[str] | None,
        typer.Option(help="dbt selector; build only this. The next build restates it again."),
    ] = None,
) -> None:
    """Build and test the models over what has landed; swap the result in when all is well.

    Examples:
      python -m pipeline build

      python -m pipeline build --full-refresh
    """
    try:
        settings = load_settings()
        report = build_warehouse(
            settings, full_refresh=full_refresh, thorough=thorough, select=select or []
        )
    except TokenhouseError as error:
        typer.echo(error, err=True)
        raise typer.Exit(error.exit_code) from error
    except BuildError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error
    typer.echo(describe(report, settings.warehouse))
    if not report.succeeded:
        raise typer.Exit(1)


@app.command()
def run() -> None:
    """One scheduled cycle: ingest what is new, build, publish, deliver alerts.

    What is ingested is in data/run.toml, or the file TOKENHOUSE_RUN names. Exit 1 when a step
    failed; the others have run all the same. Safe every five minutes: a cycle that finds another
    one running ends at once with 0.

    Example:
      python -m pipeline run
    """
    try:
        is_well = run_cycle(load_settings(), tell=typer.echo)
    except OverlapError as overlap:
        typer.echo(overlap)
        return
    except TokenhouseError as error:
        typer.echo(error, err=True)
        raise typer.Exit(error.exit_code) from error
    if not is_well:
        raise typer.Exit(1)


@app.command()
def sql(
    command: Annotated[
        str | None, typer.Option("-c", "--command", help="Run one statement and end.")
    ] = None,
) -> None:
    """Open a read-only SQL prompt on the warehouse.

    Examples:
      python -m pipeline sql

      python -m pipeline sql -c "select sum(billed_cost_usd) as usd from fct_calls"
    """
    try:
        connection = open_warehouse(load_settings())
    except TokenhouseError as error:
        typer.echo(error, err=True)
        raise typer.Exit(error.exit_code) from error
    if command is None:
        prompt(connection)
        return
    try:
        run_query(connection, command)
    except duckdb.Error as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error


@app.command()
def docs() -> None:
    """Write the dbt docs site of the models to target/.

    Example:
      python -m pipeline docs
    """
    try:
        settings = load_settings()
        succeeded = write_docs(settings)
    except TokenhouseError as error:
        typer.echo(error, err=True)
        raise typer.Exit(error.exit_code) from error
    if not succeeded:
        raise typer.Exit(1)
    typer.echo("target/index.html")


@app.command()
def calibrate(
    budget: Annotated[
        float, typer.Option(help="Page alerts a workload-week that people can bear.")
    ] = 0.25,
    write: Annotated[
        Path | None, typer.Option(help="Write the margins as alert_margins.csv to this file.")
    ] = None,
) -> None:
    """Replay history, propose margins of the page rules, say what each workload can see.

    Examples:
      python -m pipeline calibrate

      python -m pipeline calibrate --budget 0.1 --write seeds/alerts/alert_margins.csv
    """
    try:
        connection = open_warehouse(load_settings())
    except TokenhouseError as error:
        typer.echo(error, err=True)
        raise typer.Exit(error.exit_code) from error
    with connection:
        proposals = propose(connection, budget)
        if not proposals:
            typer.echo("no workload has a full history yet: 28 days of calls are needed")
            return
        show(Console(), proposals, smallest_changes(connection), budget)
        rules = connection.execute(
            "select rule_id from intermediate.int_alert_rules_enabled "
            "where tier = 'page' order by rule_id"
        ).fetchall()
    if write is not None:
        note = f"make calibrate, {budget:g} alerts a workload-week"
        write_margins(write, proposals, [rule for (rule,) in rules], note)
        typer.echo(f"{write}")


Days = Annotated[int, typer.Option(help="Length of the period in UTC days.")]
Seed = Annotated[int, typer.Option(help="The same seed writes the same bytes.")]
Calls = Annotated[int, typer.Option(help="About how many call attempts.")]
End = Annotated[str, typer.Option(help="Last day of the period, ISO date.")]


@app.command()
def simulate(
    output: Annotated[Path, typer.Option(help="Folder to write the raw logs to.")],
    days: Days = 90,
    seed: Seed = 7,
    calls: Calls = 1_000_000,
    end: End = DEFAULT_END,
) -> None:
    """Write the raw logs of a made-up company, and the truth about them.

    Example:
      python -m pipeline simulate --days 14 --calls 50000 --output /tmp/company
    """
    try:
        truth = simulate_company(output, days=days, seed=seed, calls=calls, end=end)
    except ValueError as error:
        typer.echo(error, err=True)
        raise typer.Exit(2) from error
    typer.echo(f"{len(truth['files'])} files in {output}")


@app.command()
def demo(
    days: Days = 90,
    seed: Seed = 7,
    calls: Calls = 1_000_000,
    end: End = DEFAULT_END,
) -> None:
    """Simulate a company, land, build, test and report; check it all against the truth.

    Example:
      python -m pipeline demo --days 14 --calls 50000
    """
    try:
        settings = load_settings()
        if settings.store:
            raise UsageError("the demo needs a folder of its own: set TOKENHOUSE_DATA to one.")
    except TokenhouseError as error:
        typer.echo(error, err=True)
        raise typer.Exit(error.exit_code) from error
    raise typer.Exit(run_demo(settings.data, days=days, seed=seed, calls=calls, end=end))
