"""What can go wrong with alerts.

AlertsError               the warehouse, a seed or the arguments cannot be used: exit 2
SendError                 one delivery did not succeed; it stays in the outbox
├── LaterError            the receiver may take it later: no answer, busy, too many requests
├── RefusedError          the receiver says no to this delivery: a person has to look
└── UnconfiguredError     the environment does not say where to; nothing was sent
"""

from __future__ import annotations


class AlertsError(Exception):
    """The warehouse, a seed or the arguments cannot be used; the message says what to do."""


class SendError(Exception):
    """One delivery did not succeed; the message names no address and no secret."""


class LaterError(SendError):
    """The receiver may take it later.

    Attributes:
        wait: seconds the receiver asked for, if it did.
    """

    def __init__(self, problem: str, wait: float | None = None) -> None:
        self.wait = wait
        super().__init__(problem)


class RefusedError(SendError):
    """The receiver says no to this delivery."""


class UnconfiguredError(SendError):
    """The environment does not say where to."""
