"""How far a budget may be overspent before an enforcer that reads the feed can know.

An enforcer sees the spend up to `as_of`; calls that began before may still land late; and until
the next feed it sees nothing newer. What is spent in that time is bounded by the dearest hour
ever observed, whatever an hour looks like inside: so many seconds touch at most so many whole
clock hours and one more. Spending at an even rate overshoots less; a burst on both sides of a full
hour is why the rate is not simply multiplied by the seconds.
"""

from __future__ import annotations

import datetime as dt
import math

HOUR_SECONDS = 3600


def blind_seconds(
    published_at: dt.datetime, as_of_at: dt.datetime, *, late_seconds: int, interval_seconds: int
) -> int:
    """Seconds of spending an enforcer may not see: age of the data, late calls, time to the next.

    Args:
        published_at: When the feed is written.
        as_of_at: Newest UTC hour with calls, its beginning.
        late_seconds: How long after it begins a call may still land.
        interval_seconds: Time until the next feed.
    """
    age = max(published_at - as_of_at, dt.timedelta(0))
    return math.ceil(age.total_seconds()) + late_seconds + interval_seconds


def hours_touched(seconds: int) -> int:
    """Clock hours that so many seconds can touch at most."""
    return math.ceil(seconds / HOUR_SECONDS) + 1
