"""The raw lake: Delta tables whose data files DuckDB writes and delta-rs commits.

A commit is one file put in place atomically; it names the files that were added and removed, so
a crash at any earlier point leaves only unnamed files that no reader sees. Every commit to a
table carries its next landing number under one Delta application id: of two writers that
started from the same state, one is refused and does its work again on the new state. Writers of
one machine wait for each other; on an object store those of two machines meet in that commit.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction, CommitProperties, RemoveAction, Transaction

from ingest.errors import LakeBusyError
from ingest.schemas import CALLS, LANDINGS, RAW_TABLES, Table, table_of
from ingest.store import Location, reaching, storage_options, working_folder

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
    """What one landing does to a table: files in, files out, and its manifest rows."""

    added: list[DataFile] = field(default_factory=list)
    removed: list[DataFile] = field(default_factory=list)
    landings: list[dict[str, Any]] = field(default_factory=list)
    table: Table = CALLS


class Lake:
    """The tables below one ``raw/`` folder or prefix.

    Args:
        root: the ``raw/`` folder or prefix; made on first write.
    """

    def __init__(self, root: Location) -> None:
        self.root = root
        self.options = storage_options(root)
        self.recorded: dict[str, int] = {}

    def folder(self, table: Table) -> Location:
        """The folder of a table."""
        return self.root / table.name

    def exists(self, table: Table) -> bool:
        """Whether the table has been created."""
        return DeltaTable.is_deltatable(str(self.folder(table)), storage_options=self.options)

    def open(self, table: Table) -> DeltaTable:
        """One snapshot of a table, created empty when it is not there yet."""
        folder = self.folder(table)
        if not self.exists(table):
            if isinstance(folder, Path):
                folder.mkdir(parents=True, exist_ok=True)
            # somebody else may have created it since; then there is nothing left to do
            with suppress(CommitFailedError):
                DeltaTable.create(
                    str(folder),
                    schema=table.arrow,
                    partition_by=[table.partition_by] if table.partition_by else None,
                    mode="ignore",
                    storage_options=self.options,
                )
        return DeltaTable(str(folder), storage_options=self.options)

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
    def writing(self) -> Iterator[Path]:
        """Hold the lake's writer lock on this machine; waits for the writer before us.

        Yields:
            An empty folder for unfinished files, removed at the end.
        """
        folder = working_folder(self.root)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".writer.lock").open("w") as lock, reaching(self.root):
            fcntl.flock(lock, fcntl.LOCK_EX)
            for stale in folder.glob(".work-*"):
                shutil.rmtree(stale)
            work = folder / f".work-{uuid.uuid4().hex[:8]}"
            work.mkdir()
            try:
                for table in RAW_TABLES:
                    if table is CALLS or self.exists(table):
                        self.recover(self.open(table), table)
                yield work
            finally:
                shutil.rmtree(work, ignore_errors=True)
                fcntl.flock(lock, fcntl.LOCK_UN)

    def commit(self, snapshot: DeltaTable, change: Change) -> int:
        """Commit a change on top of its table's snapshot, and write its manifest rows.

        Whoever adds the next number has seen to it that the manifest knows all before it, also
        those of a writer on another machine that died before it could write them.

        Returns:
            The landing number of the commit; the snapshot's where no file changes.

        Raises:
            LakeBusyError: somebody else committed since the snapshot was taken.
        """
        self.recover(snapshot, change.table)
        number = self.sequence(snapshot)
        if change.added or change.removed:
            number += 1
            self._commit_files(snapshot, change, number)
        self.record([row | {"landing_seq": number} for row in change.landings])
        self.recorded[change.table.name] = number
        return number

    def _commit_files(self, snapshot: DeltaTable, change: Change, number: int) -> None:
        actions: list[AddAction | RemoveAction] = [
            *(_add(file) for file in change.added),
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
                [change.table.partition_by] if change.table.partition_by else None,
                commit_properties=properties,
            )
        except CommitFailedError as error:
            raise LakeBusyError(
                "another landing committed at the same time; run the command again"
            ) from error

    def record(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append manifest rows to ``landings``."""
        if rows:
            snapshot = self.open(LANDINGS)
            table = pa.Table.from_pylist([dict(row) for row in rows], schema=LANDINGS.arrow)
            write_deltalake(snapshot, table, mode="append")

    def recover(self, snapshot: DeltaTable, table: Table) -> None:
        """Write manifest rows of the snapshot's commits whose process died before it could."""
        if self.sequence(snapshot) <= self.recorded.get(table.name, 0):
            return
        known = self.landed_sequence(table)
        missing: list[dict[str, Any]] = []
        for entry in snapshot.history():
            rows = json.loads(entry.get(METADATA_KEY) or "[]")
            fresh = [_restored(row) for row in rows if row["landing_seq"] > known]
            missing += fresh
            if rows and not fresh:
                break
        self.record(missing)
        self.recorded[table.name] = self.sequence(snapshot)

    def landed_sequence(self, table: Table) -> int:
        """The highest landing number of a table that the manifest knows."""
        rows = self.landings(["source", "landing_seq"])
        own = (row for row in rows if table_of(row["source"]) is table)
        return max((row["landing_seq"] or 0 for row in own), default=0)

    def landings(self, columns: list[str] | None = None) -> list[dict[str, Any]]:
        """Manifest rows, unordered; one that two writers recorded counts once."""
        if not self.exists(LANDINGS):
            return []
        table = self.open(LANDINGS).to_pyarrow_table(columns=columns or list(LANDINGS.names))
        rows: list[dict[str, Any]] = table.group_by(table.column_names).aggregate([]).to_pylist()
        return rows


def _restored(row: dict[str, Any]) -> dict[str, Any]:
    """A manifest row from commit metadata, its instants parsed again."""
    instants = ("first_event_at", "last_event_at", "landed_at")
    return row | {
        name: dt.datetime.fromisoformat(row[name]) if row[name] else None for name in instants
    }


def _add(file: DataFile) -> AddAction:
    return AddAction(
        path=file.path,
        size=file.size,
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
