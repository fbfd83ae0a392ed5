"""``python -m publish focus``."""

from __future__ import annotations

from typing import Annotated

import typer

from ingest.errors import TokenhouseError
from ingest.settings import load_settings
from publish.errors import PublishError
from publish.focus.export import VERSIONS, export_focus, invoiced_months


def focus(
    month: Annotated[
        str, typer.Option(help="The month, as 2026-10.", show_default="every month")
    ] = "",
    version: Annotated[str, typer.Option(help="1.2 or 1.4.", show_default="both")] = "",
) -> None:
    """Write FOCUS files to data/focus/<version>/<month>, Parquet and CSV.

    Example:
      python -m publish focus --month 2026-10 --version 1.4
    """
    try:
        if version and version not in VERSIONS:
            raise PublishError(f"--version {version}: choose {' or '.join(VERSIONS)}")
        settings = load_settings()
        data, lake = settings.local, settings.data
        versions = [version] if version else VERSIONS
        for each in [month] if month else invoiced_months(data / "warehouse.duckdb", lake):
            for file, rows in export_focus(data, each, versions, lake).items():
                typer.echo(f"{file}: {rows} rows")
    except TokenhouseError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(error.exit_code) from error
