"""The warehouse in the making: a copy in a side directory, swapped in when it is right.

Readers keep the file they opened; whoever opens it after the swap sees the new state whole. One
builder at a time: a second one waits for the lock.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from ingest.store import allow_reads
from pipeline.settings import Settings


class BuildError(Exception):
    """The draft is not fit to be swapped in; the warehouse stays as it was."""


@contextmanager
def only_builder(settings: Settings) -> Iterator[bool]:
    """Holds the builders' lock; yields whether another builder had to be waited for."""
    settings.workshop.mkdir(parents=True, exist_ok=True)
    with (settings.workshop / "lock").open("w") as lock:
        waited = False
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another build is running; waiting for it to finish")
            fcntl.flock(lock, fcntl.LOCK_EX)
            waited = True
        yield waited


def start_draft(settings: Settings, *, empty: bool = False) -> None:
    """Copies the warehouse as it stands; starts from nothing when there is none, or if told.

    Reading the file's bytes needs no database lock, so an open reader, even one that may write,
    neither stops nor notices it.
    """
    discard_draft(settings)
    if settings.warehouse.exists() and not empty:
        shutil.copyfile(settings.warehouse, settings.draft)


@contextmanager
def open_draft(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The draft, ready to read the lake; closed at the end, so that dbt can have it."""
    with duckdb.connect(str(settings.draft)) as connection:
        allow_reads(connection, settings.raw)
        yield connection


def swap_in(settings: Settings) -> None:
    """Puts the draft in the warehouse's place, in one step.

    Raises:
        BuildError: a write-ahead log is left, so the draft's file is not all of it.
    """
    if _log_of(settings.draft).exists():
        raise BuildError(f"{_log_of(settings.draft)} is left: the draft was not closed")
    with settings.draft.open("rb+") as file:
        os.fsync(file.fileno())
    settings.draft.replace(settings.warehouse)
    # A log beside the old file belongs to a program that wrote to it by hand. It would not fit
    # the new file, and DuckDB would refuse to open the pair.
    _log_of(settings.warehouse).unlink(missing_ok=True)


def discard_draft(settings: Settings) -> None:
    """Removes what a failed or killed build left behind."""
    settings.draft.unlink(missing_ok=True)
    _log_of(settings.draft).unlink(missing_ok=True)


def _log_of(file: Path) -> Path:
    return file.with_name(file.name + ".wal")
