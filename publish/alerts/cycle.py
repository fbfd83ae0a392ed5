"""One cycle of delivery: read, decide, keep, deliver; one at a time.

Data flow: warehouse.duckdb + data/alerts/ -> channels
"""

from __future__ import annotations

import datetime as dt
import fcntl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from ingest.store import LOCAL_DATA, Location
from publish.alerts.channels import SENDERS, Send
from publish.alerts.decide import Memory, decide
from publish.alerts.deliver import Result, deliver
from publish.alerts.errors import AlertsError
from publish.alerts.inputs import Inputs, read_inputs
from publish.alerts.outbox import Outbox
from publish.alerts.records import Delivery
from publish.alerts.states import latest_states, read_states


class BusyError(Exception):
    """Another delivery is running; it sees to everything that is due."""


@dataclass
class Cycle:
    """What a cycle did.

    Attributes:
        is_first: whether the outbox was new.
        skipped: incidents that were closed and old when first met: nobody was told.
        collapsed: earlier changes of old, open incidents, which are told as they stand.
        withdrawn: incidents that the warehouse no longer shows.
        result: what was attempted.
        planned: in a dry run: what would be sent now.
        held: what waits for its time, and why.
        undelivered: what should have arrived and has not.
        problems: what could not be read, and was left out.
    """

    is_first: bool
    skipped: int = 0
    collapsed: int = 0
    withdrawn: int = 0
    result: Result = field(default_factory=Result)
    planned: list[Delivery] = field(default_factory=list)
    held: list[Delivery] = field(default_factory=list)
    undelivered: list[Delivery] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def run_cycle(
    data: Path,
    *,
    now: dt.datetime | None = None,
    is_dry: bool = False,
    is_retry: bool = False,
    lake: Location = LOCAL_DATA,
    senders: Mapping[str, Send] = SENDERS,
) -> Cycle:
    """Decides on what is new and delivers what is due.

    Args:
        data: folder of the warehouse and the outbox.
        now: the time to take it for; what became known later is not looked at.
        is_dry: decide on a copy; write and send nothing.
        is_retry: try at once what has failed, whatever its wait.
        lake: where what the warehouse shows as views is.
        senders: what sends to each channel.

    Raises:
        BusyError: another delivery is running.
        AlertsError: the warehouse, a seed or the outbox cannot be used.
    """
    clock = _clock(now)
    folder = data / "alerts"
    inputs = read_inputs(data / "warehouse.duckdb", clock(), lake)
    inputs = replace(inputs, until=now)
    if is_dry:
        return _cycle(Outbox(folder / "outbox.sqlite", is_dry=True), folder, inputs, clock)
    with alone(folder / "lock"):
        outbox = Outbox(folder / "outbox.sqlite")
        try:
            return _cycle(outbox, folder, inputs, clock, is_retry=is_retry, senders=senders)
        finally:
            outbox.close()


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Holds the lock of deliveries; it ends with the process, however that ends.

    Raises:
        BusyError: somebody holds it.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BusyError("another delivery is running; nothing to do here") from error
        yield


def _cycle(
    outbox: Outbox,
    folder: Path,
    inputs: Inputs,
    clock: Callable[[], dt.datetime],
    *,
    is_retry: bool = False,
    senders: Mapping[str, Send] | None = None,
) -> Cycle:
    now = clock()
    is_first = outbox.last_cycle_at is None
    stated, problems = _stated(folder / "states.csv", now)
    decided = decide(inputs, _memory(outbox, inputs, stated), now)
    outbox.keep(decided.decision, now, decided.missing)
    fates = decided.decision.fates
    cycle = Cycle(
        is_first=is_first,
        skipped=len({change.dedup_key for change, fate in fates if fate == "skipped"}),
        collapsed=sum(fate == "collapsed" for _, fate in fates),
        withdrawn=sum(fate == "withdrawn" for _, fate in fates),
        problems=problems,
    )
    if is_retry:
        outbox.hurry(now)
    if senders is not None:
        cycle.result = deliver(outbox, inputs.routes, senders, clock)
    waiting = outbox.waiting()
    cycle.held, due = _sorted_out(waiting, clock())
    if senders is not None:
        cycle.undelivered = due
    else:
        cycle.planned = [each for each in due if each.ready_at <= now]
    cycle.held += outbox.collected()
    return cycle


def _sorted_out(
    waiting: Sequence[Delivery], now: dt.datetime
) -> tuple[list[Delivery], list[Delivery]]:
    """What waits for its own time, or behind something that does; and what is due."""
    held: list[Delivery] = []
    due: list[Delivery] = []
    holding: set[tuple[str, str]] = set()
    for each in waiting:
        thread = (each.route_id, each.dedup_key)
        is_held = not each.attempts and (each.due_at > now or thread in holding)
        if is_held:
            holding.add(thread)
        (held if is_held else due).append(each)
    return held, due


def _stated(file: Path, now: dt.datetime) -> tuple[dict[str, dt.datetime], list[str]]:
    """When people took incidents on; a file that cannot be read stops no alert."""
    try:
        states = latest_states(read_states(file), now)
    except AlertsError as error:
        return {}, [str(error)]
    return {incident: state.from_at for incident, state in states.items()}, []


def _memory(outbox: Outbox, inputs: Inputs, stated: dict[str, dt.datetime]) -> Memory:
    known = frozenset(outbox.known_ids())
    news = {change.dedup_key for change in inputs.changes if change.state_change_id not in known}
    keys = sorted(news | outbox.watched_incidents())
    deliveries = outbox.deliveries(keys)
    numbers = {each.number for each in deliveries}
    collected = [each for each in outbox.collected() if each.number not in numbers]
    return Memory(
        known_ids=known,
        changes=outbox.changes(keys),
        deliveries=deliveries + collected,
        missing=outbox.missing(),
        last_cycle_at=outbox.last_cycle_at,
        stated=stated,
    )


def _clock(now: dt.datetime | None) -> Callable[[], dt.datetime]:
    return (lambda: dt.datetime.now(dt.UTC)) if now is None else (lambda: now)
