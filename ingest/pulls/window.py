"""Which days a pull asks for: as told, else the restatement window up to yesterday (UTC)."""

from __future__ import annotations

import datetime as dt

from ingest.errors import UsageError
from ingest.pulls.endpoints import Service

RESTATE_DAYS = 7
FIRST_PULL_DAYS = 30


def days_to_pull(
    service: Service,
    *,
    given_from: str | None,
    given_to: str | None,
    restate_days: int,
    last_landed: dt.date | None,
    today: dt.date,
) -> tuple[dt.date, dt.date]:
    """First and last day, both inclusive, in UTC.

    Without ``given_from``: ``restate_days`` before the last landed day, since providers restate
    recent days; where nothing has landed, the last 30 days. Without ``given_to``: yesterday.

    Raises:
        UsageError: a day that is none, lies ahead, or is out of the reports' reach.
    """
    if restate_days < 0:
        raise UsageError(f"--restate-days {restate_days} must not be negative")
    newest = today if service.has_today else today - dt.timedelta(days=1)
    last = _day("--to", given_to) if given_to else today - dt.timedelta(days=1)
    if last > newest:
        why = "lies ahead" if last > today else "is not complete"
        raise UsageError(f"--to {last} {why} (UTC). The newest day to ask for is {newest}")
    oldest = (
        dt.date.min
        if service.oldest_days is None
        else today - dt.timedelta(days=service.oldest_days)
    )
    if given_from:
        first = _day("--from", given_from)
        if first < oldest:
            raise UsageError(
                f"--from {first} is too long ago: {service.name} reports reach back"
                f" {service.oldest_days} completed days, to {oldest}"
            )
    elif last_landed is None:
        first = last - dt.timedelta(days=FIRST_PULL_DAYS - 1)
    else:
        first = min(last_landed, last) - dt.timedelta(days=restate_days)
    first = max(first, oldest)
    if first > last:
        raise UsageError(f"--from {first} is after --to {last}. Give the earlier day first")
    return first, last


def _day(option: str, text: str) -> dt.date:
    try:
        return dt.datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise UsageError(f"{option} {text} is no day. Give it as YYYY-MM-DD") from None
