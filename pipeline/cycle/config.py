"""What a cycle ingests: `data/run.toml`, or the file TOKENHOUSE_RUN names.

[[source]]
source = "calls"                      # a command of python -m ingest
paths = ["/var/log/llm/*.ndjson.gz"]  # files, folders or globs, from where make runs
options = []                          # of that command, as ["--account", "acct-1"]

[[source]]
source = "openai-usage"
pull = true                           # asked of the API
every_minutes = 60                    # at most so often; the default of pulls
timeout_minutes = 60                  # a source that takes longer is stopped
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.cli import app as ingest
from ingest.errors import UsageError

PULL_MINUTES = 60
TIMEOUT_MINUTES = 60
NOT_SOURCES = frozenset({"status", "compact"})
KEYS = {
    "source": str,
    "paths": list,
    "options": list,
    "pull": bool,
    "every_minutes": int,
    "timeout_minutes": int,
}


@dataclass(frozen=True)
class Source:
    """One thing to ingest.

    Attributes:
        name: the command of ``python -m ingest``.
        paths: files, folders or globs; none for a pull.
        options: more options of the command.
        is_pulled: whether the provider's API is asked.
        every_minutes: a pull is asked at most so often.
        timeout_minutes: it is stopped when it takes longer.
    """

    name: str
    paths: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    is_pulled: bool = False
    every_minutes: int = 0
    timeout_minutes: int = TIMEOUT_MINUTES


def config_file(data: Path) -> Path:
    """Where the configuration is."""
    named = os.environ.get("TOKENHOUSE_RUN") or ""
    return Path(named) if named else data / "run.toml"


def read_sources(file: Path) -> list[Source]:
    """The sources of a configuration; none when there is no file and nobody named one.

    Raises:
        UsageError: a named file is not there, or something in it is not understood.
    """
    try:
        stated = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        if os.environ.get("TOKENHOUSE_RUN"):
            raise UsageError(f"TOKENHOUSE_RUN={file}: there is no such file.") from error
        return []
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{file}: {error}") from error
    sources = stated.get("source", [])
    if set(stated) - {"source"} or not isinstance(sources, list):
        raise UsageError(f"{file}: write each source as a table [[source]]; nothing else is read.")
    return [_source(file, number, table) for number, table in enumerate(sources, start=1)]


def _source(file: Path, number: int, table: dict[str, Any]) -> Source:
    where = f"{file}, source {number}"
    if isinstance(table.get("paths"), str):
        table = {**table, "paths": [table["paths"]]}
    for key, value in table.items():
        if key not in KEYS:
            raise UsageError(f"{where}: {key} is none of {', '.join(KEYS)}.")
        if not isinstance(value, KEYS[key]) or (KEYS[key] is int and isinstance(value, bool)):
            raise UsageError(f"{where}: {key} must be a {KEYS[key].__name__}.")
    if table.get("source") not in _commands():
        names = ", ".join(sorted(_commands()))
        raise UsageError(f"{where}: source {table.get('source')!r} is none of {names}.")
    is_pulled = table.get("pull", False)
    if is_pulled == bool(table.get("paths")):
        raise UsageError(f"{where}: give either paths or pull = true.")
    timeout = table.get("timeout_minutes", TIMEOUT_MINUTES)
    if timeout < 1:
        raise UsageError(f"{where}: timeout_minutes must be at least 1.")
    return Source(
        name=table["source"],
        paths=tuple(str(path) for path in table.get("paths", [])),
        options=tuple(str(option) for option in table.get("options", [])),
        is_pulled=is_pulled,
        every_minutes=table.get("every_minutes", PULL_MINUTES if is_pulled else 0),
        timeout_minutes=timeout,
    )


def _commands() -> set[str]:
    return {str(command.name) for command in ingest.registered_commands} - NOT_SOURCES
