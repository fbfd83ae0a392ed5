"""The lake as the models see it: views over one snapshot's file list, in schema ``lake``.

The list is written out, never a glob: files that a landing is writing, or that a compaction
replaced, are not part of the snapshot. Absolute paths keep the views readable outside dbt.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import duckdb
import pyarrow as pa
from deltalake import DeltaTable

from ingest.errors import UsageError
from ingest.schemas import (
    CALLS,
    CHANGES,
    INVOICE_LINES,
    LANDINGS,
    PRODUCT_EVENTS,
    PROVIDER_LINES,
    Table,
)
from ingest.store import Location, storage_options
from publish.csv_files import plain_text


@dataclass(frozen=True)
class Snapshot:
    """One state of a raw table.

    Attributes:
        table: which table.
        version: Delta version, or -1 when the table does not exist yet.
        lake_id: given when the table was made; the same wherever it is moved.
        files: absolute paths of its data files.
        ends: of those, the one written first and the one written last.
    """

    table: Table
    version: int = -1
    lake_id: str = ""
    files: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()


@dataclass(frozen=True)
class MonthClose:
    """A billing month that was closed: its manifest's words."""

    billing_month: str
    closed_at: str
    reason: str


@dataclass(frozen=True)
class IncidentState:
    """What somebody said of an incident, as `python -m publish ack` keeps it."""

    incident_id: str
    state: str
    stated_at: str
    reason: str
    stated_by: str


@dataclass(frozen=True)
class LakeState:
    """The raw tables a build reads, where they are, and what people have said since.

    Attributes:
        closes: months closed so far.
        states: what was said of incidents, in the order it was said.
    """

    place: str
    calls: Snapshot
    landings: Snapshot
    provider_lines: Snapshot
    invoice_lines: Snapshot
    product_events: Snapshot
    changes: Snapshot
    closes: tuple[MonthClose, ...] = ()
    states: tuple[IncidentState, ...] = ()

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """Every raw table."""
        return (
            self.calls,
            self.landings,
            self.provider_lines,
            self.invoice_lines,
            self.product_events,
            self.changes,
        )

    @property
    def versions(self) -> str:
        """Tells two states apart, also after a compaction or a move that changed no row."""
        tables = [f"{snapshot.table.name} {snapshot.version}" for snapshot in self.snapshots]
        closes = [f"{close.billing_month} closed {close.closed_at}" for close in self.closes]
        states = [f"{said.incident_id} {said.state} {said.stated_at}" for said in self.states]
        return ", ".join([*tables, *closes, *states, f"in {self.place}"])


def open_lake(raw: Location, local: Path | None = None) -> LakeState:
    """Takes a snapshot of the raw tables.

    Args:
        raw: where they are.
        local: the folder of this machine that holds `alerts/`; beside the lake if not given.

    Landings first: a landing that commits in between is then in the calls but not in the
    landings, so the next build still sees it as new.

    Raises:
        UsageError: what was said of incidents cannot be read.
    """
    landings = _snapshot(raw, LANDINGS)
    beside = local or (raw.parent if isinstance(raw, Path) else None)
    return LakeState(
        place=str(raw),
        calls=_snapshot(raw, CALLS),
        landings=landings,
        provider_lines=_snapshot(raw, PROVIDER_LINES),
        invoice_lines=_snapshot(raw, INVOICE_LINES),
        product_events=_snapshot(raw, PRODUCT_EVENTS),
        changes=_snapshot(raw, CHANGES),
        closes=_closes(raw),
        states=_incident_states(beside / "alerts" / "states.csv") if beside else (),
    )


def lake_id(raw: Location) -> str:
    """Tells lakes apart: given when the first file landed; empty before that."""
    return _snapshot(raw, LANDINGS).lake_id


def create_views(connection: duckdb.DuckDBPyConnection, lake: LakeState) -> None:
    """Makes a view of every raw table, and tables of what people said, in the warehouse."""
    connection.execute("create schema if not exists lake")
    for snapshot in lake.snapshots:
        connection.execute(
            f"create or replace view lake.{snapshot.table.name} as {_select(connection, snapshot)}"
        )
    connection.execute(
        "create or replace table lake.month_closes "
        "(billing_month varchar, closed_at timestamptz, reason varchar)"
    )
    for close in lake.closes:
        connection.execute(
            "insert into lake.month_closes values (?, cast(? as timestamptz), ?)",
            [close.billing_month, close.closed_at, close.reason],
        )
    connection.execute(
        "create or replace table lake.incident_states (incident_id varchar, state varchar,"
        " stated_at timestamptz, reason varchar, stated_by varchar)"
    )
    for said in lake.states:
        connection.execute(
            "insert into lake.incident_states values (?, ?, cast(? as timestamptz), ?, ?)",
            [said.incident_id, said.state, said.stated_at, said.reason, said.stated_by],
        )


def _snapshot(raw: Location, table: Table) -> Snapshot:
    folder, options = str(raw / table.name), storage_options(raw)
    if not DeltaTable.is_deltatable(folder, storage_options=options):
        return Snapshot(table)
    delta = DeltaTable(folder, storage_options=options)
    files = tuple(sorted(_path(uri) for uri in delta.file_uris()))
    added = pa.table(delta.get_add_actions(flatten=True))
    by_age = added.sort_by("modification_time").column("path").to_pylist()
    ends = tuple(f"{folder}/{unquote(path)}" for path in (*by_age[:1], *by_age[-1:]))
    return Snapshot(table, delta.version(), str(delta.metadata().id), files, ends)


def _closes(raw: Location) -> tuple[MonthClose, ...]:
    """The months closed, from the manifest each close leaves beside the lake."""
    if not isinstance(raw, Path):
        return ()
    manifests = sorted((raw.parent / "closes").glob("*/manifest.json"))
    found = [json.loads(manifest.read_text(encoding="utf-8")) for manifest in manifests]
    return tuple(
        MonthClose(close["billing_month"], close["closed_at"], close.get("reason") or "")
        for close in found
    )


def _incident_states(file: Path) -> tuple[IncidentState, ...]:
    """The rows of the file `python -m publish ack` keeps; it may have been edited by hand."""
    if not file.exists():
        return ()
    states: dict[IncidentState, None] = {}
    with file.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream, strict=True)
        try:
            for row in reader:
                at = dt.datetime.fromisoformat(row["from_at"])
                at = at if at.tzinfo else at.replace(tzinfo=dt.UTC)
                said = IncidentState(
                    incident_id=_stated(row["incident_id"]),
                    state=_stated(row["state"]),
                    stated_at=at.astimezone(dt.UTC).isoformat(),
                    reason=plain_text(row["reason"] or ""),
                    stated_by=plain_text(row["by"] or ""),
                )
                states[said] = None
        except (KeyError, ValueError, TypeError, csv.Error) as error:
            raise UsageError(
                f"{file}, line {reader.line_num}: {error}. Its columns are"
                " incident_id,state,from_at,reason,by; from_at is ISO 8601."
            ) from error
    return tuple(states)


def _stated(text: str | None) -> str:
    if not text:
        raise ValueError("an empty cell")
    return plain_text(text)


def _path(uri: str) -> str:
    return unquote(urlsplit(uri).path) if uri.startswith("file://") else uri


def _select(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot) -> str:
    if not snapshot.files:
        columns = ", ".join(
            f'cast(null as {kind}) as "{name}"' for name, kind in snapshot.table.columns
        )
        return f"select {columns} where false"
    options = ["union_by_name = true"] if _differ(connection, snapshot.ends) else []
    if snapshot.table.partition_by:
        options.append("hive_partitioning = true")
        options.append(f"hive_types = {{'{snapshot.table.partition_by}': date}}")
    listed = ", ".join(_quoted(file) for file in snapshot.files)
    # a landing of one machine, that another thought lost and recorded again, is one landing
    rows = "select distinct *" if snapshot.table is LANDINGS else "select *"
    return f"{rows} from read_parquet({', '.join([f'[{listed}]', *options])})"


def _differ(connection: duckdb.DuckDBPyConnection, ends: tuple[str, ...]) -> bool:
    """Whether columns were added since the oldest file was written.

    Matching by name opens every file at every query, so it is asked for only when needed.
    """
    empty = "select * from read_parquet(?, hive_partitioning = false) limit 0"
    oldest, newest = (
        [column[0] for column in connection.execute(empty, [file]).description] for file in ends
    )
    return oldest != newest


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
