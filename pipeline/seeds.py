"""Seeds of a deployment: a folder whose CSVs replace the project's of the same name."""

from __future__ import annotations

import shutil
from pathlib import Path

from ingest.errors import UsageError
from pipeline.settings import PROJECT, Settings

PROJECT_SEEDS = PROJECT / "seeds"


def lay_out_seeds(settings: Settings) -> Path:
    """The folder dbt reads seeds from: the project's own, or a copy with files replaced.

    Raises:
        UsageError: a CSV replaces nothing, so its rows would be silently ignored.
    """
    if settings.seeds is None:
        return PROJECT_SEEDS
    replacements = {file.name: file for file in sorted(settings.seeds.rglob("*.csv"))}
    layout = settings.workshop / "seeds"
    shutil.rmtree(layout, ignore_errors=True)
    shutil.copytree(PROJECT_SEEDS, layout)
    for original in sorted(layout.rglob("*.csv")):
        replacement = replacements.pop(original.name, None)
        if replacement is not None:
            shutil.copyfile(replacement, original)
    if replacements:
        names = ", ".join(sorted(replacements))
        raise UsageError(f"TOKENHOUSE_SEEDS={settings.seeds}: no seed is called {names}.")
    return layout
