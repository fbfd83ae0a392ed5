"""UTC days as ISO dates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable


def with_neighbours(dates: Iterable[str]) -> list[str]:
    """The dates and the days beside them: a corrected instant may cross midnight, no more."""
    days = {dt.date.fromisoformat(date) for date in dates}
    near = {day + dt.timedelta(days=shift) for day in days for shift in (-1, 0, 1)}
    return sorted(day.isoformat() for day in near)


def date_literals(dates: Iterable[str]) -> str:
    """Dates as a SQL list."""
    return ", ".join(f"date '{date}'" for date in dates)
