"""``python -m publish alerts`` and ``ack``."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ingest.errors import TokenhouseError
from ingest.settings import Settings, load_settings
from ingest.store import reaching
from publish.alerts.channels import PAYLOADS
from publish.alerts.cycle import BusyError, Cycle, alone, run_cycle
from publish.alerts.errors import AlertsError
from publish.alerts.inputs import incident_titles
from publish.alerts.outbox import Outbox
from publish.alerts.records import Delivery, instant, stamp
from publish.alerts.states import STATES, State, add_state, latest_states, read_states

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Print what would be sent; write and send nothing.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Now = Annotated[
    str,
    typer.Option(
        "--now", metavar="TIME", help="Take it to be this time (ISO 8601).", show_default="now"
    ),
]
Retry = Annotated[bool, typer.Option("--retry", help="Try at once what has failed before.")]
Drop = Annotated[
    str, typer.Option("--drop", metavar="KEY", help="Give up one undelivered alert, by its key.")
]


def alerts(
    dry_run: DryRun = False,
    as_json: AsJson = False,
    now: Now = "",
    retry: Retry = False,
    drop: Drop = "",
) -> None:
    """Deliver what incidents have to say: each state change once to each route.

    Exit 1 when something that should have arrived has not; it is tried again next time.

    Example:
      python -m publish alerts --dry-run
    """
    try:
        settings = load_settings()
        if drop:
            _drop(settings.local, drop)
            return
        with reaching(settings.data), _messages_to_stderr(as_json):
            cycle = run_cycle(
                settings.local,
                now=_time(now, "--now") if now else None,
                is_dry=dry_run,
                is_retry=retry,
                lake=settings.data,
            )
    except BusyError as busy:
        typer.echo(json.dumps({"busy": True}) if as_json else busy)
        if drop:
            raise typer.Exit(1) from busy
        return
    except (AlertsError, TokenhouseError) as error:
        raise _ended(error) from error
    if as_json:
        typer.echo(json.dumps(_as_json(cycle, is_dry=dry_run), indent=2))
    else:
        _say(cycle, is_dry=dry_run)
    for problem in cycle.problems:
        typer.echo(f"error: {problem}", err=True)
    if cycle.undelivered or cycle.problems:
        raise typer.Exit(1)


def ack(
    incident: Annotated[str, typer.Argument(help="The incident's id, or how it begins.")],
    state: Annotated[str, typer.Option(help="acknowledged, expected or resolved.")],
    reason: Annotated[str, typer.Option(help="Why; one line.")],
    by: Annotated[str, typer.Option(help="Who says so.")],
    at: Annotated[
        str, typer.Option("--at", metavar="TIME", help="Since when.", show_default="now")
    ] = "",
) -> None:
    """Take an incident on, call it expected, or close it; kept in data/alerts/states.csv.

    Reminders and escalation stop at once; the next build brings the state into the warehouse.

    Example:
      python -m publish ack 3f9a12 --state acknowledged --reason "rolling back" --by "A. Person"
    """
    try:
        settings = load_settings()
        if state not in STATES:
            raise AlertsError(f"--state {state}: choose {', '.join(STATES)}")
        for name, value in (("--reason", reason), ("--by", by)):
            if not value.strip():
                raise AlertsError(f"{name} is empty; say it in a few words")
        since = _time(at, "--at") if at else dt.datetime.now(dt.UTC).replace(microsecond=0)
        with reaching(settings.data):
            incident_id = _incident(settings, incident.strip())
        file = settings.local / "alerts" / "states.csv"
        said = State(incident_id, state, since, " ".join(reason.split()), " ".join(by.split()))
        if add_state(file, said):
            typer.echo(f"{incident_id} is {state} since {stamp(since)[:19]}Z: {file}")
        else:
            held = latest_states(read_states(file), since)[incident_id]
            typer.echo(f"{incident_id} is {state} already, by {held.by}; nothing written")
    except (AlertsError, TokenhouseError) as error:
        raise _ended(error) from error


def _incident(settings: Settings, named: str) -> str:
    """The id of the incident meant.

    Raises:
        AlertsError: none, or several, begin like that.
    """
    warehouse = settings.local / "warehouse.duckdb"
    titles = incident_titles(warehouse, settings.data)
    if named in titles:
        return named
    meant = [incident for incident in titles if named and incident.startswith(named)]
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise AlertsError(f"{named}: {len(meant)} incidents begin like that; write more of it")
    latest = "".join(f"\n  {incident}  {title}" for incident, title in list(titles.items())[:5])
    raise AlertsError(
        f"{named}: no such incident in {warehouse}; the latest are:{latest or ' none'}"
    )


def _drop(data: Path, key: str) -> None:
    with alone(data / "alerts" / "lock"):
        outbox = Outbox(data / "alerts" / "outbox.sqlite")
        try:
            dropped = outbox.drop(key)
        finally:
            outbox.close()
    if dropped is None:
        raise AlertsError(f"--drop {key}: not exactly one undelivered alert has a key like that")
    typer.echo(f"given up: {_named(dropped)}")


def _say(cycle: Cycle, *, is_dry: bool) -> None:
    if is_dry:
        for delivery in cycle.planned:
            typer.echo(f"would send to {_named(delivery)}:")
            typer.echo(_payload_text(delivery) + "\n")
    for delivery in cycle.result.delivered:
        typer.echo(f"delivered to {_named(delivery)}")
    if cycle.skipped:
        typer.echo(
            f"{cycle.skipped} incidents had closed more than 24 h before they were first met:"
            " nobody was told"
        )
    if cycle.collapsed:
        typer.echo(f"{cycle.collapsed} earlier state changes are told as the incident stands now")
    if cycle.withdrawn:
        typer.echo(f"{cycle.withdrawn} open incidents were withdrawn: corrected data")
    if cycle.result.repeated:
        typer.echo(
            f"{cycle.result.repeated} were in flight when an earlier run was killed and went again;"
            " receivers tell by the key"
        )
    for held_by, held in _by_reason(cycle.held).items():
        first = min(delivery.due_at for delivery in held)
        typer.echo(f"{len(held)} held by {held_by}, the first until {first:%Y-%m-%d %H:%M} UTC")
    for delivery in cycle.undelivered:
        again = f"next try from {delivery.ready_at:%Y-%m-%d %H:%M} UTC"
        fault = "refused: " if delivery.is_refused else ""
        reason = delivery.error or "waits behind an earlier one"
        typer.echo(
            f"not delivered to {_named(delivery)}: {fault}{reason};"
            f" attempts {delivery.attempts}, {again}, key {delivery.key}",
            err=True,
        )
    if not (cycle.planned or cycle.result.delivered or cycle.undelivered):
        typer.echo("nothing new to deliver")


def _as_json(cycle: Cycle, *, is_dry: bool) -> dict[str, Any]:
    return {
        "dry_run": is_dry,
        "first_run": cycle.is_first,
        "planned": [
            {**_entry(each), "payload": PAYLOADS[each.channel](each)} for each in cycle.planned
        ],
        "delivered": [_entry(each) for each in cycle.result.delivered],
        "repeated_after_crash": cycle.result.repeated,
        "held": [
            {**_entry(each), "held_by": each.held_by or "order", "until": stamp(each.due_at)}
            for each in cycle.held
        ],
        "undelivered": [
            {
                **_entry(each),
                "error": each.error,
                "is_refused": each.is_refused,
                "attempts": each.attempts,
                "next_try_at": stamp(each.ready_at),
            }
            for each in cycle.undelivered
        ],
        "skipped_incidents": cycle.skipped,
        "collapsed_changes": cycle.collapsed,
        "withdrawn_incidents": cycle.withdrawn,
        "problems": cycle.problems,
    }


def _entry(delivery: Delivery) -> dict[str, Any]:
    is_digest = bool(delivery.lines)
    return {
        "key": delivery.key,
        "route_id": delivery.route_id,
        "channel": delivery.channel,
        "kind": delivery.kind,
        "event": delivery.event,
        "severity": delivery.change.severity,
        "incident_id": None if is_digest else delivery.change.incident_id,
        "state_change_id": None if is_digest else delivery.change.state_change_id,
        "dedup_key": None if is_digest else delivery.change.dedup_key,
    }


def _named(delivery: Delivery) -> str:
    where = f"{delivery.route_id} ({delivery.channel})"
    if delivery.lines:
        return f"{where}: digest of {len(delivery.lines)} incidents"
    change = delivery.change
    return f"{where}: {delivery.kind} of {change.incident_id} [{change.severity}]"


def _payload_text(delivery: Delivery) -> str:
    payload = PAYLOADS[delivery.channel](delivery)
    return payload if isinstance(payload, str) else json.dumps(payload, indent=2)


def _by_reason(held: list[Delivery]) -> dict[str, list[Delivery]]:
    reasons: dict[str, list[Delivery]] = {}
    for delivery in held:
        reason = (delivery.held_by or "order").replace("_", " ")
        reasons.setdefault(reason, []).append(delivery)
    return reasons


def _messages_to_stderr(as_json: bool) -> contextlib.AbstractContextManager[Any]:
    """With --json the output is one JSON document; what stdout routes print goes beside it."""
    return contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext()


def _time(text: str, option: str) -> dt.datetime:
    try:
        return instant(text)
    except ValueError as error:
        raise AlertsError(f"{option} {text}: write a time as 2026-11-20T08:00:00Z") from error


def _ended(error: Exception) -> typer.Exit:
    typer.echo(f"error: {error}", err=True)
    return typer.Exit(2)
