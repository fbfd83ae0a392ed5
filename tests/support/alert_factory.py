"""Hand-made warehouses of incidents, and receivers of alerts that play the real ones."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import duckdb

from publish.alerts.records import Change, Route

START = dt.datetime(2026, 11, 18, 10, 0, tzinfo=dt.UTC)  # a Wednesday
COLUMNS = {
    "state_change_id": "varchar",
    "dedup_key": "varchar",
    "incident_id": "varchar",
    "event": "varchar",
    "occurred_at": "timestamptz",
    "known_at": "timestamptz",
    "tier": "varchar",
    "severity": "varchar",
    "workload": "varchar",
    "feature": "varchar",
    "environment": "varchar",
    "team": "varchar",
    "owner": "varchar",
    "title": "varchar",
    "body": "varchar",
    "runbook": "varchar",
    "kill_switch": "varchar",
    "excess_usd": "decimal(38, 12)",
    "rules": "varchar",
    "likely_cause": "varchar",
    "linked_change": "varchar",
}
ROUTE_COLUMNS = (
    *("route_id", "priority", "tier", "min_severity", "owner", "workload", "channel"),
    *("target_env", "secret_env", "cooldown_minutes", "renotify_minutes"),
    *("escalate_after_minutes", "escalate_to", "digest", "quiet_hours", "valid_from", "valid_to"),
)
NUMBERS = {"priority", "cooldown_minutes", "renotify_minutes", "escalate_after_minutes"}
QUIET_COLUMNS = (
    *("quiet_hours_id", "timezone", "weekdays"),
    *("start_time", "end_time", "except_severity"),
)


def minutes(count: float) -> dt.timedelta:
    return dt.timedelta(minutes=count)


def change(
    incident: str = "a",
    event: str = "trigger",
    at: dt.datetime = START,
    /,
    **values: Any,
) -> Change:
    """A state change; its id says incident, event and time."""
    given = {
        "state_change_id": f"{incident}-{event}-{at:%d%H%M%S}",
        "dedup_key": f"key-{incident}",
        "incident_id": f"incident-{incident}",
        "severity": "critical",
        "title": f"Cost of {incident} doubled",
        "occurred_at": at,
        "known_at": at,
    }
    return Change(event=event, **{**given, **values})


def route(route_id: str, /, **values: Any) -> Route:
    """A route for everything, printed."""
    return Route(route_id, **values)


def write_warehouse(
    data: Path,
    changes: Sequence[Change] = (),
    routes: Sequence[dict[str, Any]] | None = None,
    quiet: Sequence[dict[str, Any]] = (),
    budgets: Sequence[Change] = (),
) -> None:
    """A warehouse with these incidents and budgets; replaced whole. No routes: none are there."""
    data.mkdir(parents=True, exist_ok=True)
    draft = data / "draft" / "warehouse.duckdb"
    draft.parent.mkdir(exist_ok=True)
    draft.unlink(missing_ok=True)
    with duckdb.connect(str(draft)) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute("create schema alerts; create schema seeds")
        listed = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
        for table, told in (("alert_incidents", changes), ("alert_budgets", budgets)):
            connection.execute(f"create table alerts.{table} ({listed})")
            for each in told:
                values = [getattr(each, name) for name in COLUMNS]
                marks = ", ".join("?" for _ in values)
                connection.execute(f"insert into alerts.{table} values ({marks})", values)
        if routes is not None:
            kinds = ", ".join(
                f"{name} {'integer' if name in NUMBERS else 'varchar'}" for name in ROUTE_COLUMNS
            )
            _table(connection, "alert_routes", kinds, ROUTE_COLUMNS, routes)
            kinds = ", ".join(f"{name} varchar" for name in QUIET_COLUMNS)
            _table(connection, "alert_quiet_hours", kinds, QUIET_COLUMNS, quiet)
    draft.replace(data / "warehouse.duckdb")


def _table(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    kinds: str,
    columns: Sequence[str],
    rows: Sequence[dict[str, Any]],
) -> None:
    connection.execute(f"create table seeds.{name} ({kinds})")
    for row in rows:
        marks = ", ".join("?" for _ in columns)
        connection.execute(
            f"insert into seeds.{name} values ({marks})", [row.get(column) for column in columns]
        )


def routed(channel: str, **values: Any) -> dict[str, Any]:
    """A row of the routes seed that takes everything."""
    return {
        "route_id": channel,
        "priority": 10,
        "tier": "*",
        "min_severity": "info",
        "owner": "*",
        "workload": "*",
        "channel": channel,
        "target_env": f"TEST_{channel.upper()}",
        **values,
    }


@dataclass
class Got:
    """One request a receiver got."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def key(self) -> str:
        return self.headers["idempotency-key"]


@dataclass
class Receiver:
    """A local HTTP server that takes alerts.

    Attributes:
        got: every request, those answered with a fault too.
        taken: every request answered with success.
        fault: given a request, what to answer instead of success.
    """

    url: str = ""
    got: list[Got] = field(default_factory=list)
    taken: list[Got] = field(default_factory=list)
    fault: Callable[[Got], tuple[int, dict[str, str], bytes] | None] = lambda _: None


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got = Got(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            receiver.got.append(got)
            fault = receiver.fault(got)
            if fault is None:
                receiver.taken.append(got)
            status, headers, answer = fault or (200, {}, b"ok")
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(answer))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:  # a killed client is part of the play
            pass

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook/T0/secret-path"
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
