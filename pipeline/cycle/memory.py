"""Which files have landed and when APIs were asked, so that a cycle looks at what is new only.

A convenience, not a truth: landing a file again changes nothing, so a lost memory costs time and
no more. It forgets everything when the lake is another one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TABLES = """
create table if not exists files (
    source text, path text, size integer, changed_ns integer, has_landed integer,
    primary key (source, path)
);
create table if not exists pulls (source text primary key, asked_at real);
create table if not exists lake (lake_id text);
"""


@dataclass(frozen=True)
class Seen:
    """A file as it was when it was looked at.

    Attributes:
        path: its resolved path.
        size: in bytes.
        changed_ns: when it was last written to.
    """

    path: str
    size: int
    changed_ns: int

    @staticmethod
    def of(path: Path) -> Seen:
        """The file as it is now."""
        stat = path.stat()
        return Seen(str(path.resolve()), stat.st_size, stat.st_mtime_ns)


class Memory:
    """The memory of one data folder.

    Args:
        file: the SQLite file; a damaged one is begun anew.
        lake_id: of the lake as it is now; empty when nothing has landed yet.
    """

    def __init__(self, file: Path, lake_id: str) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = self._opened(file)
        except sqlite3.DatabaseError:
            file.unlink()
            self._db = self._opened(file)
        known = self._db.execute("select lake_id from lake").fetchone()
        if known is not None and known[0] != lake_id:
            self._db.executescript("delete from files; delete from pulls; delete from lake")

    @staticmethod
    def _opened(file: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(file, isolation_level=None)
        connection.executescript(TABLES)
        return connection

    def close(self, lake_id: str) -> None:
        """Remembers which lake it was about, and closes."""
        if lake_id:
            self._db.execute("delete from lake")
            self._db.execute("insert into lake values (?)", [lake_id])
        self._db.close()

    def news(self, source: str, files: Iterable[Seen]) -> tuple[list[Seen], list[Seen]]:
        """Files never met or changed since, and files that could not land as they are now."""
        rows = self._db.execute(
            "select path, size, changed_ns, has_landed from files where source = ?", [source]
        )
        known = {Seen(*row[:3]): bool(row[3]) for row in rows}
        new, failed = [], []
        for file in files:
            if file not in known:
                new.append(file)
            elif not known[file]:
                failed.append(file)
        return new, failed

    def remember(self, source: str, files: Iterable[Seen], *, has_landed: bool) -> None:
        """Keeps what became of files."""
        self._db.executemany(
            "insert or replace into files values (?, ?, ?, ?, ?)",
            [(source, file.path, file.size, file.changed_ns, has_landed) for file in files],
        )

    def asked_at(self, source: str) -> float:
        """When an API last answered, in seconds since the epoch; 0 = never."""
        row = self._db.execute("select asked_at from pulls where source = ?", [source]).fetchone()
        return row[0] if row else 0.0

    def remember_pull(self, source: str, at: float) -> None:
        """Keeps when an API answered."""
        self._db.execute("insert or replace into pulls values (?, ?)", [source, at])
