"""Channels: each turns a delivery into what its receiver takes, and sends it once.

A channel returns when the receiver has said yes, and raises a `SendError` otherwise. It reads its
address from the environment variable the route names, at each attempt, and puts neither address
nor secret into an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from publish.alerts.channels import console, mail, pagerduty, slack, webhook
from publish.alerts.records import Delivery

Send = Callable[[Delivery], None]
Payload = Callable[[Delivery], object]

SENDERS: Mapping[str, Send] = {
    "stdout": console.send,
    "slack": slack.send,
    "pagerduty": pagerduty.send,
    "email": mail.send,
    "webhook": webhook.send,
}
PAYLOADS: Mapping[str, Payload] = {
    "stdout": console.payload,
    "slack": slack.payload,
    "pagerduty": pagerduty.payload,
    "email": mail.payload,
    "webhook": webhook.payload,
}
"""What would be sent, without keys: for a dry run."""
