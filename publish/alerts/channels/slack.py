"""Slack incoming webhooks: an attachment with severity, time and colour.

The address in the environment is the secret. Slack keeps no idempotency key; the last line of
the message carries it, so that a person sees two messages to be one.
"""

from __future__ import annotations

import json
from typing import Any

from publish.alerts.channels.environment import value_of
from publish.alerts.channels.http import post
from publish.alerts.records import ACKNOWLEDGE, DIGEST, RESOLVE, Delivery
from publish.alerts.text import facts, headline, paragraphs, reference, severity_of, shortened

COLORS = {"info": "#439fe0", "warning": "#daa038", "critical": "#d00000"}
DONE_COLORS = {ACKNOWLEDGE: "#9b9b9b", RESOLVE: "#2eb886"}
SECTION = 2900
FIELD = 1900
FIELDS = 10


def payload(delivery: Delivery) -> dict[str, Any]:
    """The message; every text within Slack's limits and with nothing that mentions anybody."""
    color = DONE_COLORS.get(delivery.event) or COLORS[severity_of(delivery)]
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": _markdown(_escaped(text, SECTION))}
        for text in paragraphs(delivery)
    ]
    fields = [
        _markdown(f"*{label}*\n{_time(delivery) if label == 'Time' else _escaped(value, FIELD)}")
        for label, value in facts(delivery)
    ]
    if fields:
        blocks.append({"type": "section", "fields": fields[:FIELDS]})
    blocks.append({"type": "context", "elements": [_markdown(_escaped(reference(delivery), 1900))]})
    line = _escaped(headline(delivery), SECTION)
    return {
        "text": line,
        "attachments": [{"color": color, "fallback": line, "blocks": blocks}],
    }


def send(delivery: Delivery) -> None:
    """Posts it to the webhook.

    Raises:
        SendError: Slack did not take it.
    """
    url = value_of(delivery.target_env)
    body = json.dumps(payload(delivery)).encode()
    post(url, body, {"idempotency-key": delivery.key}, delivery.target_env)


def _markdown(text: str) -> dict[str, str]:
    return {"type": "mrkdwn", "text": text}


def _escaped(text: str, length: int) -> str:
    for sign, code in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(sign, code)
    return shortened(text, length)


def _time(delivery: Delivery) -> str:
    """The time in the reader's own zone."""
    at = delivery.created_at if delivery.kind == DIGEST else delivery.change.occurred_at
    spelled = at.strftime("%Y-%m-%d %H:%M UTC")
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{spelled}>"
