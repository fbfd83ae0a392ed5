"""What delivery reads: state changes, routes and quiet hours of the warehouse.

Data flow: warehouse.duckdb (read only) -> `Inputs`
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from ingest.store import LOCAL_DATA, Location, allow_reads
from publish.alerts.errors import AlertsError
from publish.alerts.records import SEVERITIES, TIERS, Change, Route
from publish.alerts.times import (
    QuietWindow,
    next_digest,
    quiet_until,
    time_of_day,
    weekdays_of,
    zone_of,
)

CHANNELS = ("stdout", "slack", "pagerduty", "email", "webhook")
OPTIONAL = (
    *("owner", "workload", "min_severity", "target_env", "secret_env", "cooldown_minutes"),
    *("renotify_minutes", "escalate_after_minutes", "escalate_to", "digest", "quiet_hours"),
)
FALLBACK = Route("default")
"""What no route takes is printed: an alert is never lost to a gap in the seed."""

TOLD = ("alerts.alert_incidents", "alerts.alert_budgets")
"""What there is to tell, in the same columns: of incidents, of budgets and limits."""

SQL = Path(__file__).with_name("sql")


@dataclass(frozen=True)
class Inputs:
    """What the warehouse says.

    Attributes:
        changes: every state change, oldest first.
        routes: the routes that hold today, by priority.
        quiet: quiet windows by the id routes name them by.
        until: what became known later is not looked at; None = everything is.
    """

    changes: Sequence[Change]
    routes: Sequence[Route]
    quiet: Mapping[str, Sequence[QuietWindow]] = field(default_factory=dict)
    until: dt.datetime | None = None


def read_inputs(warehouse: Path, now: dt.datetime, lake: Location = LOCAL_DATA) -> Inputs:
    """Reads the warehouse.

    Raises:
        AlertsError: it is not there, lacks what is told, or a route cannot be understood.
    """
    with open_warehouse(warehouse, lake) as connection, _readable(warehouse):
        there = _tables(connection, warehouse)
        changes = [Change(**row) for row in _rows(connection, "changes")]
        quiet: dict[str, list[QuietWindow]] = {}
        if "seeds.alert_quiet_hours" in there:
            for row in _rows(connection, "quiet_hours"):
                quiet.setdefault(row["quiet_hours_id"], []).append(_window(row))
        routes = []
        if "seeds.alert_routes" in there:
            routes = [_route(row) for row in _rows(connection, "routes", today=now.date())]
    _expect_sound(routes, quiet, now)
    return Inputs(changes, routes, quiet)


def incident_titles(warehouse: Path, lake: Location = LOCAL_DATA) -> dict[str, str]:
    """Every incident with its title, the latest first.

    Raises:
        AlertsError: the warehouse is not there, or lacks what is told.
    """
    with open_warehouse(warehouse, lake) as connection, _readable(warehouse):
        _tables(connection, warehouse)
        rows = _rows(connection, "incidents")
    return {row["incident_id"]: row["title"] or "" for row in rows}


@contextmanager
def open_warehouse(file: Path, lake: Location) -> Iterator[duckdb.DuckDBPyConnection]:
    """Opens the warehouse, read only.

    Raises:
        AlertsError: it is not there.
    """
    if not file.exists():
        raise AlertsError(f"{file} is not there yet; `make build` makes it")
    with duckdb.connect(str(file), read_only=True) as connection:
        allow_reads(connection, lake)
        connection.execute("set timezone = 'UTC'")
        yield connection


@contextmanager
def _readable(warehouse: Path) -> Iterator[None]:
    """Says which file it is that does not have what is read."""
    try:
        yield
    except (duckdb.BinderException, duckdb.ConversionException) as error:
        problem = " ".join(str(error).split())[:200]
        raise AlertsError(f"{warehouse}: {problem}; `make rebuild` may help") from error


def _tables(connection: duckdb.DuckDBPyConnection, warehouse: Path) -> set[str]:
    rows = connection.execute(
        "select table_schema || '.' || table_name from information_schema.tables"
    ).fetchall()
    there = {row[0] for row in rows}
    for table in TOLD:
        if table not in there:
            raise AlertsError(f"{warehouse} lacks {table}; `make rebuild` makes it")
    return there


def _rows(connection: duckdb.DuckDBPyConnection, name: str, **values: Any) -> list[dict[str, Any]]:
    statement = (SQL / f"{name}.sql").read_text(encoding="utf-8")
    result = connection.execute(statement, values or None)
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, map(_plain, row), strict=True)) for row in result.fetchall()]


def _plain(value: Any) -> Any:
    return value.astimezone(dt.UTC) if isinstance(value, dt.datetime) else value


def _route(row: dict[str, Any]) -> Route:
    text = {name: "" if value is None else str(value).strip() for name, value in row.items()}
    row = {**dict.fromkeys(OPTIONAL, ""), **text}
    route_id = row["route_id"]
    tiers = TIERS if row["tier"] == "*" else tuple(_listed(row["tier"]))
    _expect(route_id, "tier", tiers, TIERS)
    _expect(route_id, "channel", (row["channel"],), CHANNELS)
    severity = row["min_severity"] if row["min_severity"] not in ("", "*") else "info"
    _expect(route_id, "min_severity", (severity,), SEVERITIES)
    digest = "" if row["digest"].lower() == "false" else row["digest"]
    return Route(
        route_id=route_id,
        priority=int(row["priority"] or 1000),
        tiers=tiers,
        min_severity=severity,
        owner=row["owner"] or "*",
        workload=row["workload"] or "*",
        channel=row["channel"],
        target_env=row["target_env"],
        secret_env=row["secret_env"],
        cooldown=_minutes(row["cooldown_minutes"]) or dt.timedelta(),
        renotify=_minutes(row["renotify_minutes"]),
        escalate_after=_minutes(row["escalate_after_minutes"]),
        escalate_to=row["escalate_to"],
        digest=digest,
        quiet_hours=row["quiet_hours"],
    )


def _window(row: dict[str, Any]) -> QuietWindow:
    severity = row["except_severity"]
    if severity:
        _expect(row["quiet_hours_id"], "except_severity", (severity,), SEVERITIES)
    return QuietWindow(
        zone=zone_of(row["timezone"] or "UTC"),
        weekdays=weekdays_of(row["weekdays"]),
        start=time_of_day(row["start_time"], "alert_quiet_hours"),
        end=time_of_day(row["end_time"], "alert_quiet_hours"),
        except_severity=severity,
    )


def _expect_sound(
    routes: Sequence[Route], quiet: Mapping[str, Sequence[QuietWindow]], now: dt.datetime
) -> None:
    """Says what is wrong with the seeds before anything is sent.

    Raises:
        AlertsError: a route names what is not there, or a window never ends.
    """
    names = {route.route_id for route in routes}
    for route in routes:
        where = f"alert_routes, route {route.route_id}"
        if route.escalate_to and route.escalate_to not in names:
            raise AlertsError(f"{where}: escalate_to {route.escalate_to!r} is no route of today")
        if route.quiet_hours and route.quiet_hours not in quiet:
            raise AlertsError(f"{where}: quiet_hours {route.quiet_hours!r} is not in its seed")
        if route.channel != "stdout" and not route.target_env:
            raise AlertsError(f"{where}: {route.channel} needs target_env, a variable's name")
        if route.digest:
            if route.channel == "pagerduty":
                raise AlertsError(f"{where}: pagerduty takes no digest")
            next_digest(route.digest, now)
    for windows in quiet.values():
        quiet_until(windows, SEVERITIES[0], now)


def _expect(route_id: str, column: str, values: Sequence[str], known: Sequence[str]) -> None:
    for value in values:
        if value not in known:
            raise AlertsError(
                f"alert seeds, {route_id}: {column} {value!r} is none of {', '.join(known)}"
            )


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.replace(",", "|").split("|") if part.strip()]


def _minutes(value: str) -> dt.timedelta | None:
    return dt.timedelta(minutes=float(value)) if value and float(value) > 0 else None
