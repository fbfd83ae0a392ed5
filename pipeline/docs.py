"""The dbt docs site: every table, column and test of the warehouse, and how they hang together."""

from __future__ import annotations

import shutil

from ingest.errors import UsageError
from pipeline.dbt_runner import run_dbt
from pipeline.draft import discard_draft, only_builder, start_draft
from pipeline.seeds import lay_out_seeds
from pipeline.settings import PROJECT, Settings


def write_docs(settings: Settings) -> bool:
    """Writes the site to ``target/`` from a copy of the warehouse; returns whether it went well.

    Raises:
        UsageError: nothing has been built yet.
    """
    if not settings.warehouse.exists():
        raise UsageError(f"{settings.warehouse} is not there yet; `make build` makes it")
    with only_builder(settings):
        start_draft(settings)
        try:
            seeds = lay_out_seeds(settings)
            # the site is made of the parse on disk, which the last build may not have left here
            result = run_dbt(settings, ["parse"], seeds)
            if result.succeeded:
                command = ["docs", "generate", "--no-compile", "--static"]
                result = run_dbt(settings, command, seeds)
        finally:
            discard_draft(settings)
    site = PROJECT / "target"
    site.mkdir(exist_ok=True)
    if result.succeeded:
        shutil.copyfile(settings.target / "static_index.html", site / "index.html")
    return result.succeeded
