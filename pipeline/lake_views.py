"""The lake as the models see it: views over one snapshot's file list, in schema ``lake``.

The list is written out, never a glob: files that a landing is writing, or that a compaction
replaced, are not part of the snapshot. Absolute paths keep the views readable outside dbt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import duckdb
import pyarrow.parquet as pq
from deltalake import DeltaTable

from ingest.schemas import CALLS, LANDINGS, Table


@dataclass(frozen=True)
class Snapshot:
    """One state of a raw table.

    Attributes:
        table: which table.
        version: Delta version, or -1 when the table does not exist yet.
        files: absolute paths of its data files.
    """

    table: Table
    version: int
    files: tuple[str, ...]


@dataclass(frozen=True)
class LakeState:
    """The raw tables a build reads."""

    calls: Snapshot
    landings: Snapshot

    @property
    def versions(self) -> str:
        """Tells two states apart, also after a compaction that changed no row."""
        return f"calls {self.calls.version}, landings {self.landings.version}"


def open_lake(raw: Path) -> LakeState:
    """Takes a snapshot of the raw tables.

    Landings first: a landing that commits in between is then in the calls but not in the
    landings, so the next build still sees it as new.
    """
    landings = _snapshot(raw, LANDINGS)
    return LakeState(calls=_snapshot(raw, CALLS), landings=landings)


def create_views(connection: duckdb.DuckDBPyConnection, lake: LakeState) -> None:
    """Makes `lake.calls` and `lake.landings` in the warehouse."""
    connection.execute("create schema if not exists lake")
    for snapshot in (lake.calls, lake.landings):
        connection.execute(
            f"create or replace view lake.{snapshot.table.name} as {_select(snapshot)}"
        )


def _snapshot(raw: Path, table: Table) -> Snapshot:
    folder = str(raw / table.name)
    if not DeltaTable.is_deltatable(folder, storage_options=_storage_options()):
        return Snapshot(table, -1, ())
    delta = DeltaTable(folder, storage_options=_storage_options())
    files = sorted(_path(uri) for uri in delta.file_uris())
    return Snapshot(table, delta.version(), tuple(files))


def _storage_options() -> dict[str, str] | None:
    """Credentials of an object store; none are needed for a folder."""
    return None


def _path(uri: str) -> str:
    return unquote(urlsplit(uri).path) if uri.startswith("file://") else uri


def _select(snapshot: Snapshot) -> str:
    if not snapshot.files:
        columns = ", ".join(
            f'cast(null as {kind}) as "{name}"' for name, kind in snapshot.table.columns
        )
        return f"select {columns} where false"
    options = ["union_by_name = true"] if _differ(snapshot.files) else []
    if snapshot.table.partition_by:
        options.append("hive_partitioning = true")
        options.append(f"hive_types = {{'{snapshot.table.partition_by}': date}}")
    listed = ", ".join(_quoted(file) for file in snapshot.files)
    return f"select * from read_parquet({', '.join([f'[{listed}]', *options])})"


def _differ(files: Sequence[str]) -> bool:
    """Whether columns were added since the oldest file was written.

    Matching by name opens every file at every query, so it is asked for only when needed.
    """
    by_age = sorted(files, key=lambda file: Path(file).stat().st_mtime)
    oldest, newest = pq.read_schema(by_age[0]), pq.read_schema(by_age[-1])
    return bool(oldest.names != newest.names)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
