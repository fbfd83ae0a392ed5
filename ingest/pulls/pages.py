"""Pages on disk: saved whole or not at all, so that a pull can stop anywhere and go on.

``<data>/pulled/<source>/<from>_<to>/<pull>/`` holds ``<endpoint>-0001.json`` … as they came and
``progress.json``: the finished pages of each endpoint and the cursor of the next. A page counts
once progress names it; progress is written after the page, both by rename. ``landed.json`` marks
a pull whose pages are in the lake; the pages stay as evidence.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from ingest.pulls.client import PullError

CONTINUED_WITHIN = dt.timedelta(hours=6)
_STAMP = "%Y%m%dT%H%M%S.%fZ"


@dataclass
class Progress:
    """How far one endpoint has got.

    Attributes:
        pages: names of the finished pages, in order.
        next_page: the cursor to go on with; None before the first and after the last page.
        is_done: whether the last page is saved.
        without_extra: whether the API refused the optional parameters.
    """

    pages: list[str] = field(default_factory=list)
    next_page: str | None = None
    is_done: bool = False
    without_extra: bool = False


class Pull:
    """One pull's folder and its progress."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.endpoints: dict[str, Progress] = {}
        saved = folder / "progress.json"
        if saved.exists():
            stated = orjson.loads(saved.read_bytes())
            self.endpoints = {name: Progress(**row) for name, row in stated.items()}

    def endpoint(self, name: str) -> Progress:
        """Progress of one endpoint, started where there is none."""
        return self.endpoints.setdefault(name, Progress())

    def save_page(self, name: str, body: bytes, *, next_page: str | None, is_done: bool) -> None:
        """Keep a page and what comes after it."""
        progress = self.endpoint(name)
        page = f"{name}-{len(progress.pages) + 1:04}.json"
        write_whole(self.folder / page, body)
        progress.pages.append(page)
        progress.next_page = next_page
        progress.is_done = is_done
        self.save()

    def restart(self, name: str) -> None:
        """Forget an endpoint's pages: its cursor is no longer known to the API."""
        for page in self.endpoint(name).pages:
            (self.folder / page).unlink(missing_ok=True)
        self.endpoints[name] = Progress(without_extra=self.endpoint(name).without_extra)
        self.save()

    def save(self) -> None:
        """Write the progress."""
        stated = {name: row.__dict__ for name, row in self.endpoints.items()}
        write_whole(self.folder / "progress.json", orjson.dumps(stated, option=orjson.OPT_INDENT_2))

    def page_paths(self) -> list[Path]:
        """The finished pages of all endpoints, in the order they were asked for."""
        return [self.folder / page for row in self.endpoints.values() for page in row.pages]

    def mark_landed(self, summary: dict[str, Any]) -> None:
        """Say that the pages are in the lake."""
        write_whole(self.folder / "landed.json", orjson.dumps(summary, option=orjson.OPT_INDENT_2))


def open_pull(window: Path, now: dt.datetime) -> tuple[Pull, bool]:
    """The pull of these days to go on with, or a new one; and whether it goes on.

    An unlanded pull is continued for six hours: later its first pages are too old to stand
    beside new ones, and the provider may have restated them.
    """
    unlanded = [
        folder for folder in sorted(window.glob("2*Z")) if not (folder / "landed.json").exists()
    ]
    if unlanded and now - _started(unlanded[-1]) <= CONTINUED_WITHIN:
        return Pull(unlanded[-1]), True
    folder = window / now.strftime(_STAMP)
    folder.mkdir(parents=True)
    return Pull(folder), False


def last_landed_day(pulled: Path) -> dt.date | None:
    """The newest day a landed pull of a source has asked for; None if there is none."""
    days = [
        dt.date.fromisoformat(mark.parts[-3][-10:]) for mark in pulled.glob("*_*/2*Z/landed.json")
    ]
    return max(days, default=None)


@contextmanager
def only_pull(pulled: Path) -> Iterator[None]:
    """Hold a source's pulls for this process.

    Raises:
        PullError: another process is pulling the same source.
    """
    pulled.mkdir(parents=True, exist_ok=True)
    with (pulled / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise PullError(
                f"another pull of {pulled.name} is running. Wait for it, then run again"
            ) from None
        yield


def write_whole(path: Path, body: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as out:
        out.write(body)
        out.flush()
        os.fsync(out.fileno())
    part.replace(path)


def _started(folder: Path) -> dt.datetime:
    return dt.datetime.strptime(folder.name, _STAMP).replace(tzinfo=dt.UTC)
