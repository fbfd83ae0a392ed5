"""What a cycle decides: which route is told what, when, and what is left unsaid.

A pure function of what the warehouse says, what the outbox remembers and the time. A *thread* is
what one route was told of one incident; it is open from a trigger to a resolve.

- A change goes to the routes that take it and to those whose thread is open. A route that hears
  of an incident for the first time hears a trigger, whatever the change was.
- Cooldown: an update, or a re-opening, that comes too soon after the last notice waits; a newer
  one replaces it. What is more severe than anything said before does not wait.
- Quiet hours hold what is not severe enough; a more severe change replaces what is held.
- A resolve or acknowledge never overtakes what its thread still waits to say (deliver.py).
- A digest route collects, unless the tier is page.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from publish.alerts.inputs import FALLBACK, Inputs
from publish.alerts.records import (
    ACKNOWLEDGE,
    DIGEST,
    ESCALATION,
    OPENING,
    REMINDER,
    RESOLVE,
    TRIGGER,
    UPDATE,
    Change,
    Decision,
    Delivery,
    Route,
    severity_rank,
)
from publish.alerts.routes import routes_of
from publish.alerts.times import next_digest, quiet_until

YOUNG = dt.timedelta(hours=24)
"""A closed incident that is older, and was never met, is history and not news."""

LONGEST_OUTAGE = dt.timedelta(days=7)
"""After a longer break in deliveries the backlog is history too."""

WITHDRAWN_AFTER = dt.timedelta(hours=1)
"""An open incident the warehouse has not shown for so long is withdrawn."""

WITHDRAWN = "withdrawn:"


@dataclass(frozen=True)
class Memory:
    """What the outbox remembers of the incidents that are open or have news.

    Attributes:
        known_ids: every state change ever decided on.
        changes: what was decided on each of these incidents, in order.
        deliveries: what was or will be delivered of them, and what waits for a digest.
        missing: open incidents that the warehouse does not show, and since when.
        last_cycle_at: None before the first cycle.
        stated: incident id -> when a person last took it on, or closed it, by hand.
    """

    known_ids: frozenset[str] = frozenset()
    changes: Mapping[str, Sequence[Change]] = field(default_factory=dict)
    deliveries: Sequence[Delivery] = ()
    missing: Mapping[str, dt.datetime] = field(default_factory=dict)
    last_cycle_at: dt.datetime | None = None
    stated: Mapping[str, dt.datetime] = field(default_factory=dict)


@dataclass(frozen=True)
class Decided:
    """A decision and what to remember beside it."""

    decision: Decision
    missing: dict[str, dt.datetime]


def decide(inputs: Inputs, memory: Memory, now: dt.datetime) -> Decided:
    """Decides on everything new, and on what time alone makes due."""
    planner = _Planner(inputs, memory, now)
    planner.take_news()
    missing = planner.withdraw()
    planner.remind()
    planner.flush_digests()
    return Decided(planner.decision, missing)


class _Planner:
    def __init__(self, inputs: Inputs, memory: Memory, now: dt.datetime) -> None:
        self.inputs = inputs
        self.memory = memory
        self.now = now
        self.decision = Decision()
        self.routes = {route.route_id: route for route in [FALLBACK, *inputs.routes]}
        self.changes = {key: list(changes) for key, changes in memory.changes.items()}
        self.told: dict[str, list[Delivery]] = {}
        for delivery in memory.deliveries:
            self.told.setdefault(delivery.dedup_key, []).append(delivery)

    # news

    def take_news(self) -> None:
        """Decides on every state change that is new."""
        news: dict[str, list[Change]] = {}
        whole: dict[str, list[Change]] = {}
        for change in self.inputs.changes:
            if self.inputs.until is not None and change.known_at > self.inputs.until:
                continue
            whole.setdefault(change.dedup_key, []).append(change)
            if change.state_change_id not in self.memory.known_ids:
                news.setdefault(change.dedup_key, []).append(change)
        for dedup_key, changes in news.items():
            if dedup_key in self.changes:
                told = self._not_overtaken(changes, whole[dedup_key])
            else:
                told = list(self._worth_telling(changes))
            for change in changes:
                if change in told:
                    self._tell(change)
                self._settle(change, self._fate(change, told))
        self._show_again(whole)

    def _worth_telling(self, changes: Sequence[Change]) -> Sequence[Change]:
        """Of an incident never met: all of a young one, where an old open one stands, else nil."""
        last_opened = max(
            (change.known_at for change in changes if change.event in OPENING),
            default=changes[-1].known_at,
        )
        met = self.memory.last_cycle_at or self.now
        oldest = max(min(self.now, met) - YOUNG, self.now - LONGEST_OUTAGE)
        if last_opened >= oldest:
            return changes
        if changes[-1].event == RESOLVE:
            return []
        opening = [change for change in changes if change.event in OPENING][-1:]
        return opening + ([changes[-1]] if changes[-1].event == ACKNOWLEDGE else [])

    def _not_overtaken(self, changes: Sequence[Change], whole: Sequence[Change]) -> list[Change]:
        """Of an incident met before: all, but for updates of what is closed and stays closed."""
        is_closed = self.changes[whole[0].dedup_key][-1].event == whole[-1].event == RESOLVE
        return [change for change in changes if change.event != UPDATE or not is_closed]

    @staticmethod
    def _fate(change: Change, told: Sequence[Change]) -> str:
        if change in told:
            return "routed"
        return "collapsed" if told else "skipped"

    def _settle(self, change: Change, fate: str) -> None:
        self.decision.fates.append((change, fate))
        self.changes.setdefault(change.dedup_key, []).append(change)

    def _show_again(self, whole: Mapping[str, Sequence[Change]]) -> None:
        """An incident that was withdrawn and is back and open is told again."""
        for dedup_key, changes in self.changes.items():
            withdrawn = changes[-1]
            if not withdrawn.state_change_id.startswith(WITHDRAWN) or dedup_key not in whole:
                continue
            last = whole[dedup_key][-1]
            if last.event != RESOLVE:
                again = f"again:{withdrawn.state_change_id}"
                change = replace(last, event=TRIGGER, state_change_id=again)
                self._tell(change)
                self._settle(change, "routed")

    # one change

    def _tell(self, change: Change) -> None:
        told = [self._route(d) for d in self._of_incident(change.dedup_key) if d.counts]
        hearing = {route.route_id: route for route in told if self._is_open(route, change)}
        if change.event in OPENING:
            hearing |= {route.route_id: route for route in routes_of(change, self.inputs.routes)}
        else:
            hearing |= {route.route_id: route for route in self._collecting(change)}
        for route in hearing.values():
            if route.digest and change.tier != "page" and not self._is_open(route, change):
                self._collect(route, change)
            elif change.event in OPENING:
                self._tell_opening(route, change)
            else:
                self._tell_closing(route, change)

    def _tell_opening(self, route: Route, change: Change) -> None:
        thread = self._thread(route, change)
        rank = severity_rank(change.severity)
        worse = all(severity_rank(told.change.severity) < rank for told in thread)
        held_by, due_at = self._held(route, change.severity)
        if route.cooldown and not worse:
            heard = [
                told.noticed_at
                for told in thread
                if told.event in OPENING and not (told.is_waiting and told.held_by == "cooldown")
            ]
            if heard and max(heard) + route.cooldown > due_at:
                held_by, due_at = "cooldown", max(heard) + route.cooldown
        replaced = ("cooldown", "quiet_hours") if not held_by else ("cooldown",)
        self._supersede(thread, replaced)
        event = UPDATE if self._is_open(route, change) else TRIGGER
        self._intend(route, change, change.event, event, due_at=due_at, held_by=held_by)

    def _tell_closing(self, route: Route, change: Change) -> None:
        self._supersede(self._thread(route, change), ("cooldown",))
        if not self._is_open(route, change):
            return
        held_by, due_at = self._held(route, change.severity)
        if route.channel == "pagerduty":  # wakes nobody, and stops what would
            held_by, due_at = "", self.now
        self._intend(route, change, change.event, change.event, due_at=due_at, held_by=held_by)

    def _held(self, route: Route, severity: str) -> tuple[str, dt.datetime]:
        until = quiet_until(self.inputs.quiet.get(route.quiet_hours, ()), severity, self.now)
        return ("quiet_hours", until) if until else ("", self.now)

    def _supersede(self, thread: Sequence[Delivery], held_by: Sequence[str]) -> None:
        """Drops what a newer change makes moot; nothing that may have arrived."""
        for told in thread:
            if told.is_waiting and not told.attempts and told.held_by in held_by:
                self._replace(told, replace(told, status="superseded"))
                self.decision.superseded += [told.number] if told.number else []

    def _replace(self, old: Delivery, new: Delivery) -> None:
        told = self.told[old.dedup_key]
        told[told.index(old)] = new
        if not old.number:
            self.decision.deliveries[self.decision.deliveries.index(old)] = new

    def _intend(
        self,
        route: Route,
        change: Change,
        kind: str,
        event: str,
        *,
        due_at: dt.datetime,
        held_by: str = "",
        sequence: str = "",
        note: str = "",
        status: str = "pending",
        lines: tuple[Change, ...] = (),
    ) -> None:
        delivery = Delivery(
            route_id=route.route_id,
            dedup_key=DIGEST if kind == DIGEST else change.dedup_key,
            kind=kind,
            event=event,
            change=change,
            created_at=self.now,
            due_at=due_at,
            channel=route.channel,
            target_env=route.target_env,
            secret_env=route.secret_env,
            sequence=sequence,
            note=note,
            lines=lines,
            status=status,
            held_by=held_by,
        )
        self.told.setdefault(delivery.dedup_key, []).append(delivery)
        self.decision.deliveries.append(delivery)

    # what time makes due

    def withdraw(self) -> dict[str, dt.datetime]:
        """Resolves what the warehouse no longer shows; returns what it is missing, since when.

        Corrected or late data can take an incident back. Its pages would stay open for ever.
        """
        shown = {change.dedup_key for change in self.inputs.changes}
        missing: dict[str, dt.datetime] = {}
        for dedup_key, changes in list(self.changes.items()):
            if changes[-1].event == RESOLVE or dedup_key in shown:
                continue
            since = self.memory.missing.get(dedup_key, self.now)
            if self.now - since < WITHDRAWN_AFTER:
                missing[dedup_key] = since
                continue
            change = replace(
                changes[-1],
                event=RESOLVE,
                state_change_id=f"{WITHDRAWN}{changes[-1].state_change_id}",
                occurred_at=self.now,
                known_at=self.now,
                title=f"Withdrawn: {changes[-1].title}",
                body="The data was corrected; the warehouse no longer shows this incident.",
            )
            self._tell(change)
            self._settle(change, "withdrawn")
        return missing

    def remind(self) -> None:
        """Says again what is open and not acknowledged, or says it to somebody else."""
        for dedup_key, changes in self.changes.items():
            opened = self._unacknowledged_since(changes)
            if opened is None or changes[-1].event == RESOLVE:
                continue
            latest = [change for change in changes if change.event in OPENING][-1]
            told = {d.route_id: self._route(d) for d in self._of_incident(dedup_key) if d.counts}
            for route in told.values():
                if self._is_open(route, latest):
                    self._remind_route(route, latest)
                    self._escalate(route, latest)

    def _unacknowledged_since(self, changes: Sequence[Change]) -> dt.datetime | None:
        """When the incident last opened, None where somebody has taken it on since."""
        opened: dt.datetime | None = None
        was_open = False
        for change in changes:
            if change.event in OPENING and not was_open:
                opened, was_open = change.known_at, True
            elif change.event == RESOLVE:
                opened, was_open = None, False
            elif change.event == ACKNOWLEDGE:
                opened = None
        stated = self.memory.stated.get(changes[-1].incident_id)
        return None if opened and stated and stated >= opened else opened

    def _remind_route(self, route: Route, change: Change) -> None:
        thread = self._thread(route, change)
        if not route.renotify or any(told.is_waiting for told in thread):
            return
        last = max(told.noticed_at for told in thread)
        if self.now - last < route.renotify or self._held(route, change.severity)[0]:
            return
        first = self._opening(route, change)
        self._intend(
            route,
            change,
            REMINDER,
            UPDATE,
            due_at=self.now,
            sequence=str(sum(told.kind == REMINDER for told in thread) + 1),
            note=f"still open and not acknowledged after {_span(self.now - first.noticed_at)}",
        )

    def _escalate(self, route: Route, change: Change) -> None:
        other = self.routes.get(route.escalate_to)
        if not route.escalate_after or other is None or self._is_open(other, change):
            return
        first = self._opening(route, change)
        # counts from when it was due: a channel that is down is one more reason to escalate
        if self.now - first.due_at < route.escalate_after:
            return
        held_by, due_at = self._held(other, change.severity)
        self._intend(
            other,
            change,
            ESCALATION,
            TRIGGER,
            due_at=due_at,
            held_by=held_by,
            sequence=f"{route.route_id} {first.change.state_change_id}",
            note=f"escalated from {route.route_id}: not acknowledged for"
            f" {_span(self.now - first.due_at)}",
        )

    # digests

    def _collect(self, route: Route, change: Change) -> None:
        slot = next_digest(route.digest, self.now)
        self._intend(
            route, change, change.event, change.event, due_at=slot, status="collected",
            held_by=DIGEST,
        )  # fmt: skip

    def _collecting(self, change: Change) -> list[Route]:
        """Digest routes that had this incident in an earlier digest, or will."""
        rows = self._of_incident(change.dedup_key)
        listed = [row for row in rows if row.status in ("collected", "digested")]
        return [route for route in map(self._route, listed) if route.digest]

    def flush_digests(self) -> None:
        """Makes one message of everything a route has collected, when its time has come."""
        collected: dict[str, list[Delivery]] = {}
        for row in (row for rows in self.told.values() for row in rows):
            if row.status == "collected":
                collected.setdefault(row.route_id, []).append(row)
        for rows in collected.values():
            if min(row.due_at for row in rows) > self.now:
                continue
            latest = {row.dedup_key: row.change for row in rows}
            lines = sorted(latest.values(), key=_by_excess)
            ids = "\0".join(sorted(row.change.state_change_id for row in rows))
            self._intend(
                self._route(rows[-1]),
                lines[0],
                DIGEST,
                DIGEST,
                due_at=self.now,
                sequence=hashlib.sha256(ids.encode()).hexdigest(),
                lines=tuple(lines),
            )
            for row in rows:
                self._replace(row, replace(row, status="digested"))
                self.decision.digested += [row.number] if row.number else []

    # threads

    def _of_incident(self, dedup_key: str) -> list[Delivery]:
        return list(self.told.get(dedup_key, ()))

    def _thread(self, route: Route, change: Change) -> list[Delivery]:
        told = self._of_incident(change.dedup_key)
        return [d for d in told if d.route_id == route.route_id and d.counts]

    def _is_open(self, route: Route, change: Change) -> bool:
        thread = self._thread(route, change)
        return bool(thread) and thread[-1].event != RESOLVE

    def _opening(self, route: Route, change: Change) -> Delivery:
        """The trigger that opened a thread that is open."""
        thread = self._thread(route, change)
        return [told for told in thread if told.event == TRIGGER][-1]

    def _route(self, delivery: Delivery) -> Route:
        """The route as it is today; one that is gone stays what it was, without its timers."""
        return self.routes.get(delivery.route_id) or Route(
            delivery.route_id,
            tiers=(),
            channel=delivery.channel,
            target_env=delivery.target_env,
            secret_env=delivery.secret_env,
        )


def _by_excess(change: Change) -> tuple[bool, object, str]:
    return (change.excess_usd is None, -(change.excess_usd or 0), change.dedup_key)


def _span(length: dt.timedelta) -> str:
    minutes = int(length.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} d"
