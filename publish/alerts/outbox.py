"""The outbox: what was decided and what became of it, in one SQLite file that survives a crash.

A cycle's decisions are one transaction: the changes it answers and the messages it intends, or
neither. An attempt is recorded before it begins and after it ends, each synced to disk, so the
only doubt a crash can leave is whether the one message in flight arrived. That one is sent again
under the same idempotency key.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from publish.alerts.errors import AlertsError
from publish.alerts.records import Change, Decision, Delivery, instant, stamp

SCHEMA = Path(__file__).with_name("sql") / "outbox.sql"
VERSION = 1
BUSY_SECONDS = 30


class Outbox:
    """The outbox of one data folder.

    Args:
        file: the SQLite file; made when it is not there.
        is_dry: work on a copy in memory, and leave the file alone.

    Raises:
        AlertsError: the file is damaged, or was written by a newer version.
    """

    def __init__(self, file: Path, *, is_dry: bool = False) -> None:
        self.file = file
        try:
            self._db = _copy(file) if is_dry else _open(file)
            self._db.execute("pragma foreign_keys = on")
            version = self._db.execute("pragma user_version").fetchone()[0]
            if version > VERSION:
                raise AlertsError(f"{file} was written by a newer version of Tokenhouse")
            self._db.executescript(SCHEMA.read_text(encoding="utf-8"))
            self._db.execute(f"pragma user_version = {VERSION}")
        except sqlite3.DatabaseError as error:
            raise AlertsError(
                f"{file}: {error}. Put a backup in its place, or move it away: delivery then starts"
                " as on its first day and tells of open incidents again"
            ) from error

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    @property
    def last_cycle_at(self) -> dt.datetime | None:
        """When decisions were last made; None before the first cycle."""
        row = self._db.execute("select value from facts where name = 'last_cycle_at'").fetchone()
        return instant(row[0]) if row else None

    def known_ids(self) -> set[str]:
        """Every state change decided on."""
        return {row[0] for row in self._db.execute("select state_change_id from changes")}

    def watched_incidents(self) -> set[str]:
        """Incidents that are open, or were withdrawn and may come back."""
        rows = self._db.execute(
            "select dedup_key from changes where rowid in"
            " (select max(rowid) from changes group by dedup_key)"
            " and (event != 'resolve' or fate = 'withdrawn')"
        )
        return {row[0] for row in rows}

    def changes(self, dedup_keys: Iterable[str]) -> dict[str, list[Change]]:
        """Everything decided on some incidents, in order; incidents never met are left out."""
        found: dict[str, list[Change]] = {}
        for key in dedup_keys:
            rows = self._db.execute(
                "select content from changes where dedup_key = ? order by rowid", [key]
            ).fetchall()
            if rows:
                found[key] = [Change.from_json(json.loads(row[0])) for row in rows]
        return found

    def missing(self) -> dict[str, dt.datetime]:
        """Incidents that the warehouse no longer shows, and since when."""
        rows = self._db.execute("select dedup_key, since from missing").fetchall()
        return {key: instant(since) for key, since in rows}

    def deliveries(self, dedup_keys: Iterable[str] | None = None) -> list[Delivery]:
        """Deliveries in order, of some incidents or of all."""
        if dedup_keys is None:
            return [_delivery(row) for row in self._select("order by number")]
        found: list[Delivery] = []
        for key in dedup_keys:
            found += [_delivery(row) for row in self._select("where dedup_key = ?", key)]
        return sorted(found, key=lambda delivery: delivery.number)

    def waiting(self) -> list[Delivery]:
        """What is still to be delivered, in order."""
        return [_delivery(row) for row in self._select("where status = 'pending' order by number")]

    def collected(self) -> list[Delivery]:
        """What waits for a digest, in order."""
        rows = self._select("where status = 'collected' order by number")
        return [_delivery(row) for row in rows]

    def keep(
        self,
        decision: Decision,
        now: dt.datetime,
        missing: dict[str, dt.datetime] | None = None,
    ) -> None:
        """Keeps a cycle's decisions: all of them or none."""
        with self._transaction() as db:
            db.executemany(
                "insert into changes values (?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        change.state_change_id,
                        change.dedup_key,
                        change.incident_id,
                        change.event,
                        fate,
                        json.dumps(change.as_json()),
                        stamp(now),
                    )
                    for change, fate in decision.fates
                ],
            )
            db.executemany(
                "insert or ignore into deliveries (key, route_id, dedup_key, kind, event, status,"
                " held_by, content, sequence, note, lines, channel, target_env, secret_env,"
                " created_at, due_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [_row(delivery) for delivery in decision.deliveries],
            )
            for status, numbers in (
                ("superseded", decision.superseded),
                ("digested", decision.digested),
            ):
                db.executemany(
                    "update deliveries set status = ? where number = ?",
                    [(status, number) for number in numbers],
                )
            if missing is not None:
                db.execute("delete from missing")
                db.executemany(
                    "insert into missing values (?, ?)",
                    [(key, stamp(since)) for key, since in missing.items()],
                )
            db.execute(
                "insert or replace into facts values ('last_cycle_at', ?)",
                [stamp(max(now, self.last_cycle_at or now))],
            )

    def begin(self, delivery: Delivery) -> None:
        """Records that an attempt begins: from now on it may have arrived."""
        with self._transaction() as db:
            db.execute(
                "update deliveries set attempts = attempts + 1, is_in_flight = 1 where number = ?",
                [delivery.number],
            )

    def succeed(self, delivery: Delivery, at: dt.datetime) -> None:
        """Records that the receiver has it."""
        with self._transaction() as db:
            db.execute(
                "update deliveries set status = 'delivered', is_in_flight = 0, is_refused = 0,"
                " delivered_at = ?, error = '' where number = ?",
                [stamp(at), delivery.number],
            )

    def fail(
        self, delivery: Delivery, error: str, retry_at: dt.datetime, *, is_refused: bool = False
    ) -> None:
        """Records that an attempt failed, and when the next may begin."""
        with self._transaction() as db:
            db.execute(
                "update deliveries set is_in_flight = 0, is_refused = ?, error = ?, retry_at = ?"
                " where number = ?",
                [int(is_refused), error, stamp(retry_at), delivery.number],
            )

    def hurry(self, now: dt.datetime) -> None:
        """Makes every failed delivery due now."""
        with self._transaction() as db:
            db.execute(
                "update deliveries set retry_at = ? where status = 'pending' and retry_at > ?",
                [stamp(now), stamp(now)],
            )

    def drop(self, key: str) -> Delivery | None:
        """Gives up a delivery that is still waiting; None when there is none of that key."""
        rows = self._select("where status = 'pending' and key like ? || '%'", key)
        if len(rows) != 1:
            return None
        delivery = _delivery(rows[0])
        with self._transaction() as db:
            db.execute(
                "update deliveries set status = 'dropped', is_in_flight = 0 where number = ?",
                [delivery.number],
            )
        return replace(delivery, status="dropped")

    def _select(self, clause: str, *values: str) -> list[sqlite3.Row]:
        return self._db.execute(f"select * from deliveries {clause}", values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._db.execute("begin immediate")
        try:
            yield self._db
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")


def _open(file: Path) -> sqlite3.Connection:
    file.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(file, timeout=BUSY_SECONDS, isolation_level=None)
    connection.row_factory = sqlite3.Row
    # what is committed is on the disk; one sync a commit, a rollback journal needs four
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    return connection


def _copy(file: Path) -> sqlite3.Connection:
    copy = sqlite3.connect(":memory:", isolation_level=None)
    copy.row_factory = sqlite3.Row
    if file.exists():
        source = sqlite3.connect(file, timeout=BUSY_SECONDS)
        try:
            source.backup(copy)
        finally:
            source.close()
    return copy


def _row(delivery: Delivery) -> tuple[str, ...]:
    return (
        delivery.key,
        delivery.route_id,
        delivery.dedup_key,
        delivery.kind,
        delivery.event,
        delivery.status,
        delivery.held_by,
        json.dumps(delivery.change.as_json()),
        delivery.sequence,
        delivery.note,
        json.dumps([line.as_json() for line in delivery.lines]),
        delivery.channel,
        delivery.target_env,
        delivery.secret_env,
        stamp(delivery.created_at),
        stamp(delivery.due_at),
    )


def _delivery(row: sqlite3.Row) -> Delivery:
    return Delivery(
        route_id=row["route_id"],
        dedup_key=row["dedup_key"],
        kind=row["kind"],
        event=row["event"],
        change=Change.from_json(json.loads(row["content"])),
        created_at=instant(row["created_at"]),
        due_at=instant(row["due_at"]),
        channel=row["channel"],
        target_env=row["target_env"],
        secret_env=row["secret_env"],
        sequence=row["sequence"],
        note=row["note"],
        lines=tuple(Change.from_json(line) for line in json.loads(row["lines"])),
        status=row["status"],
        held_by=row["held_by"],
        number=row["number"],
        attempts=row["attempts"],
        is_in_flight=bool(row["is_in_flight"]),
        is_refused=bool(row["is_refused"]),
        retry_at=instant(row["retry_at"]) if row["retry_at"] else None,
        delivered_at=instant(row["delivered_at"]) if row["delivered_at"] else None,
        error=row["error"],
    )
