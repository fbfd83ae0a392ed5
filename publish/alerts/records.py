"""What alerts are made of: state changes, routes, deliveries. All instants are UTC."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

SEVERITIES = ("info", "warning", "critical")
TIERS = ("digest", "watch", "page")
EVENTS = ("trigger", "update", "acknowledge", "resolve")
OPENING = ("trigger", "update")

TRIGGER, UPDATE, ACKNOWLEDGE, RESOLVE = EVENTS
REMINDER, ESCALATION, DIGEST = "reminder", "escalation", "digest"


def severity_rank(severity: str) -> int:
    """0 for info to 2 for critical; a severity nobody knows counts as a warning."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else 1


@dataclass(frozen=True)
class Change:
    """One state change of an incident, as the warehouse says it.

    Attributes:
        state_change_id: the same in every rebuild of the warehouse.
        dedup_key: the same for every change of one incident.
    """

    state_change_id: str
    dedup_key: str
    incident_id: str
    event: str
    occurred_at: dt.datetime
    known_at: dt.datetime
    tier: str = "page"
    severity: str = "warning"
    workload: str = ""
    feature: str = ""
    environment: str = ""
    team: str = ""
    owner: str = ""
    title: str = ""
    body: str = ""
    runbook: str = ""
    kill_switch: str = ""
    excess_usd: Decimal | None = None
    rules: str = ""
    likely_cause: str = ""
    linked_change: str = ""

    def as_json(self) -> dict[str, Any]:
        """Plain values; instants as text, the amount with all its decimals."""
        return {
            **asdict(self),
            "occurred_at": stamp(self.occurred_at),
            "known_at": stamp(self.known_at),
            "excess_usd": None if self.excess_usd is None else f"{self.excess_usd:f}",
        }

    @staticmethod
    def from_json(values: dict[str, Any]) -> Change:
        """The change that `as_json` wrote."""
        amount = values["excess_usd"]
        return Change(
            **{
                **values,
                "occurred_at": instant(values["occurred_at"]),
                "known_at": instant(values["known_at"]),
                "excess_usd": None if amount is None else Decimal(amount),
            }
        )


@dataclass(frozen=True)
class Route:
    """Who is told, and how often.

    Attributes:
        tiers: tiers it takes; none = it is reached by escalation only.
        target_env: the environment variable that holds the address or key.
        secret_env: the environment variable that holds the webhook's signing key.
        digest: when its daily digest goes, as `08:30 Europe/Berlin`; empty = no digest.
    """

    route_id: str
    priority: int = 1000
    tiers: tuple[str, ...] = TIERS
    min_severity: str = "info"
    owner: str = "*"
    workload: str = "*"
    channel: str = "stdout"
    target_env: str = ""
    secret_env: str = ""
    cooldown: dt.timedelta = dt.timedelta()
    renotify: dt.timedelta | None = None
    escalate_after: dt.timedelta | None = None
    escalate_to: str = ""
    digest: str = ""
    quiet_hours: str = ""
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None


@dataclass(frozen=True)
class Delivery:
    """One message for one route: an intent until it is delivered.

    Attributes:
        number: its place in the order; 0 until it is kept.
        kind: the event, or reminder, escalation, digest.
        event: what the receiver is told: trigger, update, acknowledge, resolve, digest.
        note: why it is said again, or to somebody else.
        lines: what a digest lists.
        status: pending, collected (for a digest), digested, delivered, superseded, dropped.
        held_by: why it waits: cooldown, quiet_hours, digest; empty = it does not.
    """

    route_id: str
    dedup_key: str
    kind: str
    event: str
    change: Change
    created_at: dt.datetime
    due_at: dt.datetime
    channel: str = "stdout"
    target_env: str = ""
    secret_env: str = ""
    sequence: str = ""
    note: str = ""
    lines: tuple[Change, ...] = ()
    status: str = "pending"
    held_by: str = ""
    number: int = 0
    attempts: int = 0
    is_in_flight: bool = False
    is_refused: bool = False
    retry_at: dt.datetime | None = None
    delivered_at: dt.datetime | None = None
    error: str = ""

    @property
    def key(self) -> str:
        """The idempotency key: the same at every attempt, of no other delivery."""
        parts = (self.route_id, self.kind, self.change.state_change_id, self.sequence)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]

    @property
    def is_waiting(self) -> bool:
        """Whether it is still to be delivered."""
        return self.status == "pending"

    @property
    def counts(self) -> bool:
        """Whether its receiver was told, or will be."""
        return self.status in ("pending", "delivered") and self.kind != DIGEST

    @property
    def ready_at(self) -> dt.datetime:
        """When the next attempt may begin."""
        return self.retry_at or self.due_at

    @property
    def noticed_at(self) -> dt.datetime:
        """When its receiver noticed it, or will at the earliest."""
        return self.delivered_at or self.due_at


@dataclass
class Decision:
    """What a cycle decided, kept in one transaction.

    Attributes:
        fates: each new change and what becomes of it: routed, skipped, collapsed.
        deliveries: new intents, in order.
        superseded: numbers of intents that a newer one replaces.
        digested: numbers of collected rows that went into a digest.
    """

    fates: list[tuple[Change, str]] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    superseded: list[int] = field(default_factory=list)
    digested: list[int] = field(default_factory=list)


def stamp(at: dt.datetime) -> str:
    """An instant as text that sorts by time."""
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def instant(text: str) -> dt.datetime:
    """The instant of a text; UTC where it names no zone."""
    at = dt.datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
