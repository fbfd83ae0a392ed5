"""Delivering what is due: every attempt recorded before it begins and after it ends.

Order holds within a thread (one route, one incident): nothing overtakes what still waits, unless
that was refused. Between threads the worst goes first. A receiver that does not answer is asked
once a cycle; the others do not wait for it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from publish.alerts.channels import Send
from publish.alerts.errors import LaterError, SendError, UnconfiguredError
from publish.alerts.outbox import Outbox
from publish.alerts.records import DIGEST, Delivery, Route, severity_rank

FIRST_WAIT = dt.timedelta(seconds=30)
LONGEST_WAIT = dt.timedelta(minutes=30)
LONGEST_STATED_WAIT = dt.timedelta(hours=6)
FAILURES_PER_TARGET = 3

Thread = tuple[str, str]
Target = tuple[str, str]


@dataclass
class Result:
    """What became of a cycle's deliveries.

    Attributes:
        delivered: taken by their receivers now, in order.
        failed: attempted now without success, and why.
        repeated: of those attempted, how many a crash had left in doubt.
    """

    delivered: list[Delivery] = field(default_factory=list)
    failed: list[tuple[Delivery, str]] = field(default_factory=list)
    repeated: int = 0


def deliver(
    outbox: Outbox,
    routes: Sequence[Route],
    senders: Mapping[str, Send],
    clock: Callable[[], dt.datetime],
) -> Result:
    """Delivers everything that is due."""
    courier = _Courier(outbox, routes, senders, clock)
    for thread in _by_urgency(outbox.waiting()):
        courier.carry(thread)
    return courier.result


def backoff(attempts: int, stated: float | None = None) -> dt.timedelta:
    """How long to wait after so many attempts; longer where the receiver asks for it."""
    doublings = max(0, min(attempts - 1, 16))
    wait: dt.timedelta = min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)
    if stated is None:
        return wait
    return max(wait, min(dt.timedelta(seconds=stated), LONGEST_STATED_WAIT))


class _Courier:
    def __init__(
        self,
        outbox: Outbox,
        routes: Sequence[Route],
        senders: Mapping[str, Send],
        clock: Callable[[], dt.datetime],
    ) -> None:
        self.outbox = outbox
        self.routes = {route.route_id: route for route in routes}
        self.senders = senders
        self.clock = clock
        self.failures: dict[Target, int] = {}
        self.result = Result()

    def carry(self, thread: Sequence[Delivery]) -> None:
        """Delivers a thread's messages in order, until one has to wait."""
        for stored in thread:
            delivery = self._addressed(stored)
            target = (delivery.channel, delivery.target_env)
            is_reachable = self.failures.get(target, 0) < FAILURES_PER_TARGET
            if delivery.ready_at > self.clock() or not is_reachable:
                if delivery.is_refused:
                    continue
                return
            if not self._attempt(delivery, target):
                return

    def _attempt(self, delivery: Delivery, target: Target) -> bool:
        """Sends it; returns whether the thread may go on."""
        self.result.repeated += delivery.is_in_flight
        self.outbox.begin(delivery)
        try:
            self.senders[delivery.channel](delivery)
        except SendError as error:
            self.result.failed.append((delivery, str(error)))
            self._failed(delivery, error, target)
            return not isinstance(error, LaterError | UnconfiguredError)
        self.outbox.succeed(delivery, self.clock())
        self.result.delivered.append(delivery)
        return True

    def _failed(self, delivery: Delivery, error: SendError, target: Target) -> None:
        now = self.clock()
        if isinstance(error, UnconfiguredError):  # nothing was sent; the next cycle may know more
            self.failures[target] = FAILURES_PER_TARGET
            self.outbox.fail(delivery, str(error), now)
            return
        stated = error.wait if isinstance(error, LaterError) else None
        is_silent = isinstance(error, LaterError) and not str(error).startswith("HTTP 5")
        self.failures[target] = self.failures.get(target, 0) + (
            FAILURES_PER_TARGET if is_silent else 1
        )
        self.outbox.fail(
            delivery,
            str(error),
            now + backoff(delivery.attempts + 1, stated),
            is_refused=not isinstance(error, LaterError),
        )

    def _addressed(self, delivery: Delivery) -> Delivery:
        """With the address its route has today: a corrected seed reaches what waits."""
        route = self.routes.get(delivery.route_id)
        if route is None:
            return delivery
        return replace(
            delivery,
            channel=route.channel,
            target_env=route.target_env,
            secret_env=route.secret_env,
        )


def _by_urgency(waiting: Sequence[Delivery]) -> Iterator[list[Delivery]]:
    """Threads in order of what is sent first: never tried, worst, oldest."""
    threads: dict[Thread, list[Delivery]] = {}
    for delivery in waiting:
        # digests are independent of each other
        of = str(delivery.number) if delivery.kind == DIGEST else delivery.dedup_key
        threads.setdefault((delivery.route_id, of), []).append(delivery)
    yield from sorted(threads.values(), key=_urgency)


def _urgency(thread: Sequence[Delivery]) -> tuple[bool, bool, int, int]:
    worst = max(severity_rank(delivery.change.severity) for delivery in thread)
    is_page = any(delivery.change.tier == "page" for delivery in thread)
    return (thread[0].attempts > 0, not is_page, -worst, thread[0].number)
