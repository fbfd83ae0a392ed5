"""What a person reads: the same few lines in every channel."""

from __future__ import annotations

import os
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Decimal

from publish.alerts.records import (
    ACKNOWLEDGE,
    DIGEST,
    RESOLVE,
    SEVERITIES,
    Change,
    Delivery,
    severity_rank,
)

DIGEST_LINES = 20
DONE = {ACKNOWLEDGE: "acknowledged", RESOLVE: "resolved"}


def severity_of(delivery: Delivery) -> str:
    """The severity to show: of a digest the worst line's."""
    rank = max(severity_rank(change.severity) for change in (delivery.lines or (delivery.change,)))
    return SEVERITIES[rank]


def headline(delivery: Delivery) -> str:
    """One line: what it is and how bad."""
    if delivery.kind == DIGEST:
        count = len(delivery.lines)
        total = sum((line.excess_usd or Decimal() for line in delivery.lines), Decimal())
        noun = "incident" if count == 1 else "incidents"
        return f"Cost digest: {count} {noun}, {usd(total)} above expected"
    change = delivery.change
    label = DONE.get(delivery.event, change.severity)
    title = " ".join((change.title or f"Incident {change.incident_id}").split())
    return f"[{label.upper()}] {title}"


def paragraphs(delivery: Delivery) -> list[str]:
    """The text below the headline."""
    if delivery.kind == DIGEST:
        lines = [_digest_line(change) for change in delivery.lines[:DIGEST_LINES]]
        more = len(delivery.lines) - DIGEST_LINES
        return ["\n".join(lines + ([f"… and {more} more"] if more > 0 else []))]
    note = [delivery.note[:1].upper() + delivery.note[1:] + "."] if delivery.note else []
    return note + ([delivery.change.body.strip()] if delivery.change.body.strip() else [])


def facts(delivery: Delivery) -> Iterator[tuple[str, str]]:
    """Label and value of what the incident says of itself; nothing empty."""
    if delivery.kind == DIGEST:
        return
    change = delivery.change
    stated = (
        ("Severity", f"{change.severity} ({change.tier})" if change.tier else change.severity),
        ("Time", change.occurred_at.strftime("%Y-%m-%d %H:%M UTC")),
        ("Workload", change.workload),
        ("Owner", change.owner),
        ("Excess so far", "" if change.excess_usd is None else usd(change.excess_usd)),
        ("Likely cause", change.likely_cause),
        ("Since change", change.linked_change),
        ("Rules", change.rules),
        ("Runbook", runbook_of(change)),
        ("Kill switch", change.kill_switch),
    )
    yield from ((label, " ".join(value.split())) for label, value in stated if value.strip())


def plain(delivery: Delivery) -> str:
    """All of it as text, for a terminal or a mail."""
    parts = [headline(delivery), *paragraphs(delivery)]
    listed = [f"{label}: {value}" for label, value in facts(delivery)]
    return "\n".join([*parts, *listed, reference(delivery)])


def reference(delivery: Delivery) -> str:
    """What ties a message to its incident, and repeats of it to each other."""
    of = "digest" if delivery.kind == DIGEST else f"incident {delivery.change.incident_id}"
    return f"{of} · {delivery.event} · key {delivery.key}"


def runbook_of(change: Change) -> str:
    """The runbook, as a link where TOKENHOUSE_RUNBOOKS_URL says where they are published."""
    base = os.environ.get("TOKENHOUSE_RUNBOOKS_URL", "").strip().rstrip("/")
    if not change.runbook or not base or "://" in change.runbook:
        return change.runbook
    return f"{base}/{change.runbook.removeprefix('docs/runbooks/')}"


def usd(amount: Decimal) -> str:
    """Dollars and cents for people; the exact amount is in the payload."""
    cents = amount.quantize(Decimal("0.01"), ROUND_HALF_EVEN)
    return f"-${-cents:,}" if cents < 0 else f"${cents:,}"


def shortened(text: str, length: int) -> str:
    """The text, cut where a receiver takes no more."""
    return text if len(text) <= length else text[: length - 1] + "…"


def _digest_line(change: Change) -> str:
    amount = "unknown" if change.excess_usd is None else usd(change.excess_usd)
    state = DONE.get(change.event, "open")
    owner = f", {change.owner}" if change.owner else ""
    title = " ".join((change.title or change.incident_id).split())
    return f"{amount}  {title} ({state}{owner})"
