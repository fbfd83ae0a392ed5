"""The raw lake: Delta tables whose data files DuckDB writes and delta-rs commits.

A commit is one file put in place atomically; it names the files that were added and removed, so
a crash at any earlier point leaves only unnamed files that no reader sees. Every commit to
``calls`` carries the next landing number under one Delta application id: of two writers that
started from the same state, one is refused and does its work again on the new state.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction, CommitProperties, RemoveAction, Transaction

from ingest.errors import LakeBusyError
from ingest.schemas import CALLS, LANDINGS, Table

APP_ID = "tokenhouse-landing"
METADATA_KEY = "tokenhouse.landings"


@dataclass(frozen=True)
class DataFile:
    """A data file of one partition: path relative to the table, rows, bytes."""

    path: str
    partition: str
    rows: int
    size: int


@dataclass
class Change:
    """What one landing does to ``calls``: files in, files out, and its manifest rows."""

    added: list[DataFile] = field(default_factory=list)
    removed: list[DataFile] = field(default_factory=list)
    landings: list[dict[str, Any]] = field(default_factory=list)


class Lake:
    """The tables below one ``raw/`` folder.

    Args:
        root: the ``raw/`` folder; made on first write.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, table: Table) -> Path:
        """The folder of a table."""
        return self.root / table.name

    def exists(self, table: Table) -> bool:
        """Whether the table has been created."""
        return DeltaTable.is_deltatable(str(self.folder(table)))

    def open(self, table: Table) -> DeltaTable:
        """One snapshot of a table, created empty when it is not there yet."""
        folder = self.folder(table)
        if not self.exists(table):
            folder.mkdir(parents=True, exist_ok=True)
            partition = [table.partition_by] if table.partition_by else None
            DeltaTable.create(
                str(folder), schema=table.arrow, partition_by=partition, mode="ignore"
            )
        return DeltaTable(str(folder))

    def files(self, snapshot: DeltaTable) -> dict[str, list[DataFile]]:
        """The snapshot's data files by partition value."""
        actions = pa.table(snapshot.get_add_actions(flatten=True)).to_pydict()
        partitions = actions.get("partition.event_date", [None] * len(actions["path"]))
        by_partition: dict[str, list[DataFile]] = {}
        for path, value, rows, size in zip(
            actions["path"], partitions, actions["num_records"], actions["size_bytes"], strict=True
        ):
            file = DataFile(path, str(value), rows, size)
            by_partition.setdefault(str(value), []).append(file)
        return by_partition

    def sequence(self, snapshot: DeltaTable) -> int:
        """The number of the last landing that committed to the snapshot; 0 before any."""
        return snapshot.transaction_version(APP_ID) or 0

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the lake's writer lock; waits for the writer before us."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".writer.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(lock, fcntl.LOCK_UN)

    def commit(self, snapshot: DeltaTable, change: Change) -> int:
        """Commit a change to ``calls`` on top of the snapshot it was computed from.

        Returns:
            The landing number of the commit.

        Raises:
            LakeBusyError: somebody else committed since the snapshot was taken.
        """
        number = self.sequence(snapshot) + 1
        actions: list[AddAction | RemoveAction] = [
            *(_add(self.folder(CALLS), file) for file in change.added),
            *(_remove(file) for file in change.removed),
        ]
        rows = [row | {"landing_seq": number} for row in change.landings]
        properties = CommitProperties(
            custom_metadata={METADATA_KEY: json.dumps(rows, default=str)},
            max_commit_retries=0,
            app_transactions=[Transaction(APP_ID, number)],
        )
        try:
            snapshot.create_write_transaction(
                actions,
                "append",
                snapshot.schema(),
                [CALLS.partition_by] if CALLS.partition_by else None,
                commit_properties=properties,
            )
        except CommitFailedError as error:
            raise LakeBusyError(
                "another landing committed at the same time; run the command again"
            ) from error
        return number

    def record(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append manifest rows to ``landings``."""
        if rows:
            snapshot = self.open(LANDINGS)
            table = pa.Table.from_pylist([dict(row) for row in rows], schema=LANDINGS.arrow)
            write_deltalake(snapshot, table, mode="append")

    def recover(self) -> int:
        """Write manifest rows of commits whose process died before it could.

        Returns:
            How many rows were missing.
        """
        if not self.exists(CALLS):
            return 0
        snapshot = self.open(CALLS)
        known = self.landed_sequence()
        if self.sequence(snapshot) <= known:
            return 0
        missing: list[dict[str, Any]] = []
        for entry in snapshot.history():
            rows = json.loads(entry.get(METADATA_KEY) or "[]")
            fresh = [_restored(row) for row in rows if row["landing_seq"] > known]
            missing += fresh
            if rows and not fresh:
                break
        self.record(missing)
        return len(missing)

    def landed_sequence(self) -> int:
        """The highest landing number the manifest knows."""
        rows = self.landings(["landing_seq"])
        return max((row["landing_seq"] or 0 for row in rows), default=0)

    def landings(self, columns: list[str] | None = None) -> list[dict[str, Any]]:
        """Manifest rows, unordered."""
        if not self.exists(LANDINGS):
            return []
        uris = self.open(LANDINGS).file_uris()
        names = columns or list(LANDINGS.names)
        tables = [pq.read_table(uri.removeprefix("file://"), columns=names) for uri in uris]
        return [row for table in tables for row in table.to_pylist()]


def _restored(row: dict[str, Any]) -> dict[str, Any]:
    """A manifest row from commit metadata, its instants parsed again."""
    instants = ("first_event_at", "last_event_at", "landed_at")
    return row | {
        name: dt.datetime.fromisoformat(row[name]) if row[name] else None for name in instants
    }


def _add(folder: Path, file: DataFile) -> AddAction:
    return AddAction(
        path=file.path,
        size=(folder / file.path).stat().st_size,
        partition_values={"event_date": file.partition},
        modification_time=int(time.time() * 1000),
        data_change=True,
        stats=json.dumps({"numRecords": file.rows}),
    )


def _remove(file: DataFile) -> RemoveAction:
    return RemoveAction(
        path=file.path,
        deletion_timestamp=int(time.time() * 1000),
        data_change=True,
        partition_values={"event_date": file.partition},
        size=file.size,
    )
