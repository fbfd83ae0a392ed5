"""PagerDuty Events API v2: trigger, acknowledge and resolve of one dedup_key.

The routing key is in the environment. PAGERDUTY_EVENTS_URL names another address, as that of the
EU region. All events of a dedup_key are one incident there: a repeat after a crash does not page
twice.
"""

from __future__ import annotations

import json
import os
from typing import Any

from publish.alerts.channels.environment import value_of
from publish.alerts.channels.http import post
from publish.alerts.records import ACKNOWLEDGE, RESOLVE, SEVERITIES, Delivery, stamp
from publish.alerts.text import headline, paragraphs, runbook_of, shortened

URL = "https://events.pagerduty.com/v2/enqueue"
DEDUP_KEY = 255
SUMMARY = 1024


def payload(delivery: Delivery, routing_key: str = "") -> dict[str, Any]:
    """The event; an update is a trigger of the same dedup_key."""
    change = delivery.change
    action = delivery.event if delivery.event in (ACKNOWLEDGE, RESOLVE) else "trigger"
    runbook = runbook_of(change)
    details = {
        **{
            name: value
            for name, value in change.as_json().items()
            if value not in (None, "") and name not in ("title", "body")
        },
        "what": "\n".join(paragraphs(delivery)),
        "idempotency_key": delivery.key,
    }
    return {
        "routing_key": routing_key or f"${delivery.target_env}",
        "event_action": action,
        "dedup_key": shortened(change.dedup_key, DEDUP_KEY),
        "client": "Tokenhouse",
        "payload": {
            "summary": shortened(headline(delivery), SUMMARY),
            "source": change.workload or "tokenhouse",
            "severity": change.severity if change.severity in SEVERITIES else "warning",
            "timestamp": stamp(change.occurred_at),
            "component": change.feature or None,
            "group": change.environment or None,
            "class": change.rules or None,
            "custom_details": details,
        },
        "links": [{"href": runbook, "text": "Runbook"}] if "://" in runbook else [],
    }


def send(delivery: Delivery) -> None:
    """Sends the event.

    Raises:
        SendError: PagerDuty did not take it.
    """
    routing_key = value_of(delivery.target_env)
    url = os.environ.get("PAGERDUTY_EVENTS_URL", "").strip() or URL
    body = json.dumps(payload(delivery, routing_key)).encode()
    headers = {"idempotency-key": delivery.key}
    post(url, body, headers, "PAGERDUTY_EVENTS_URL", secrets=[routing_key])
