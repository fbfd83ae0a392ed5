"""Wall-clock times of people: quiet hours and the daily digest, summer time included."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from publish.alerts.errors import AlertsError
from publish.alerts.records import severity_rank

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = dt.timedelta(days=1)
LONGEST_QUIET = 14
"""Windows in a row before quiet hours count as endless."""


@dataclass(frozen=True)
class QuietWindow:
    """Hours of some weekdays in which only what is severe enough is delivered.

    A window that ends at or before its start ends on the next day; the weekday is that of its
    start.
    """

    zone: ZoneInfo
    weekdays: frozenset[int]
    start: dt.timedelta
    end: dt.timedelta
    except_severity: str

    def end_of(self, now: dt.datetime) -> dt.datetime | None:
        """When the window that is open now ends, None when none is."""
        today = now.astimezone(self.zone).date()
        length = DAY if self.end <= self.start else dt.timedelta()
        for day in (today - DAY, today):
            if day.weekday() in self.weekdays:
                start, end = self._at(day, self.start), self._at(day, self.end + length)
                if start <= now < end:
                    return end
        return None

    def _at(self, day: dt.date, time: dt.timedelta) -> dt.datetime:
        midnight = dt.datetime.combine(day, dt.time())
        return (midnight + time).replace(tzinfo=self.zone).astimezone(dt.UTC)


def quiet_until(
    windows: Sequence[QuietWindow], severity: str, now: dt.datetime
) -> dt.datetime | None:
    """When something of this severity may be delivered again; None = at once.

    Raises:
        AlertsError: the windows follow on each other for ever.
    """
    until = now
    rank = severity_rank(severity)
    holding = [w for w in windows if not w.except_severity or rank < _threshold(w)]
    for _ in range(LONGEST_QUIET):
        ends = [end for window in holding if (end := window.end_of(until)) is not None]
        if not ends:
            return until if until > now else None
        until = max(ends)
    raise AlertsError(
        "alert_quiet_hours: these windows never end; leave hours in which alerts may be delivered"
    )


def next_digest(stated: str, now: dt.datetime) -> dt.datetime:
    """The first time after now that a route's daily digest is due.

    Raises:
        AlertsError: the text is no time of day.
    """
    time, _, zone = ("08:00" if stated.lower() == "true" else stated).partition(" ")
    at, where = time_of_day(time, "digest"), zone_of(zone.strip() or "UTC")
    today = now.astimezone(where).date()
    for day in (today, today + DAY):
        midnight = dt.datetime.combine(day, dt.time())
        slot = (midnight + at).replace(tzinfo=where).astimezone(dt.UTC)
        if slot > now:
            return slot
    return now + DAY


def time_of_day(text: str, what: str) -> dt.timedelta:
    """A time as 07:30, up to 24:00.

    Raises:
        AlertsError: it is none.
    """
    found = re.fullmatch(r"(\d{1,2}):(\d{2})(?::00)?", text.strip())
    hours, minutes = (int(part) for part in found.groups()) if found else (25, 0)
    if minutes > 59 or hours * 60 + minutes > 24 * 60:
        raise AlertsError(f"{what}: {text!r} is no time of day; write it as 07:30")
    return dt.timedelta(hours=hours, minutes=minutes)


def zone_of(name: str) -> ZoneInfo:
    """An IANA zone.

    Raises:
        AlertsError: this machine knows none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise AlertsError(
            f"time zone {name!r} is not known here; write an IANA name as Europe/Berlin"
        ) from error


def weekdays_of(text: str) -> frozenset[int]:
    """Days as `*`, `sat|sun` or `mon-fri`.

    Raises:
        AlertsError: a part of it is no weekday.
    """
    if text.strip() in ("", "*"):
        return frozenset(range(7))
    days: set[int] = set()
    for part in text.lower().replace(",", "|").split("|"):
        first, _, last = part.strip().partition("-")
        names = (first[:3], (last or first)[:3])
        if not set(names) <= set(WEEKDAYS):
            raise AlertsError(f"alert_quiet_hours: {part!r} is no weekday; write mon, mon-fri, *")
        start, end = (WEEKDAYS.index(name) for name in names)
        days |= {day % 7 for day in range(start, end + (8 if end < start else 1))}
    return frozenset(days)


def _threshold(window: QuietWindow) -> int:
    return severity_rank(window.except_severity)
