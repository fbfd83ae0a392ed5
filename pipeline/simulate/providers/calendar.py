"""Billing months of a period: which are over, and on which days what is planted."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from pipeline.simulate.incidents import Window


@dataclass(frozen=True)
class Calendar:
    """The months of a simulated period.

    Attributes:
        first: first day of the period.
        end: the day after its last.
    """

    first: dt.date
    end: dt.date

    @classmethod
    def of(cls, window: Window) -> Calendar:
        """The calendar of a period."""
        first, end = (
            dt.datetime.fromtimestamp(at / 1000, dt.UTC).date()
            for at in (window.start_ms, window.end_ms)
        )
        return cls(first, end)

    @property
    def closed(self) -> list[str]:
        """Months of the period that are over, oldest first."""
        months = {month_of(self.first + dt.timedelta(days=n)) for n in range(len(self))}
        return sorted(month for month in months if first_of_next(month) <= self.end)

    def __len__(self) -> int:
        return (self.end - self.first).days

    def days(self, month: str) -> list[dt.date]:
        """Days of the period in a month."""
        every = [self.first + dt.timedelta(days=n) for n in range(len(self))]
        return [day for day in every if month_of(day) == month]


def month_of(day: dt.date) -> str:
    """The month of a day, YYYY-MM."""
    return day.isoformat()[:7]


def first_of_next(month: str) -> dt.date:
    """The day after a month's last."""
    year, number = int(month[:4]), int(month[5:])
    return dt.date(year + number // 12, number % 12 + 1, 1)
