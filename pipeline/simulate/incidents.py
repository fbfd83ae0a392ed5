"""What goes wrong on purpose: incidents with a window, a scope and an effect.

The generator asks for an incident by id where its effect applies, so each has one hook. All are
recorded in the truth file, with the counts they caused, for those who want to detect them.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

HOUR = 3_600_000
DAY = 24 * HOUR


@dataclass(frozen=True)
class Window:
    """The simulated period, in epoch milliseconds; the end is exclusive."""

    start_ms: int
    end_ms: int

    @property
    def days(self) -> int:
        """Whole days simulated."""
        return (self.end_ms - self.start_ms) // DAY

    def day_at(self, share: float) -> int:
        """Midnight of the day that lies at a share of the period."""
        return self.start_ms + int(share * self.days) * DAY

    def workday_at(self, share: float) -> int:
        """The same, or the Monday after it if that is a weekend day still in the period."""
        day = self.day_at(share)
        while _weekday(day) >= 5 and day + DAY < self.end_ms:
            day += DAY
        return day


@dataclass(frozen=True)
class Incident:
    """One planted incident.

    Attributes:
        scope: what it strikes, as dimension values.
        effect: the size of what it does, in words a reader of the truth file can check.
    """

    incident_id: str
    kind: str
    start_ms: int
    end_ms: int
    scope: dict[str, str]
    effect: str


def planned(window: Window, tenant_ids: tuple[str, ...]) -> dict[str, Incident]:
    """The incidents of a period, by kind."""

    def at(
        kind: str, start: tuple[float, int], hours: float, scope: dict[str, str], effect: str
    ) -> Incident:
        share, from_hour = start
        start_ms = window.workday_at(share) + from_hour * HOUR
        end_ms = min(window.end_ms, start_ms + int(hours * HOUR))
        return Incident(f"{kind}-1", kind, start_ms, end_ms, scope, effect)

    saturday = _last_saturday(window)
    burn_end = min(window.end_ms, saturday + 46 * HOUR)
    rest_of_period = (window.end_ms - window.workday_at(0.62)) / HOUR
    incidents = (
        at("prompt_creep", (0.62, 9), rest_of_period - 9, {"feature": "ticket_summary"},
           "prompt v5 carries twice the input tokens, outside the cached prefix"),
        at("model_drift", (0.7, 14), 96, {"feature": "smart_reply", "model": "claude-opus-5"},
           "35 % of calls routed to claude-opus-5 by a faulty route policy"),
        at("retry_storm", (0.78, 14), 4, {"feature": "rag_search"},
           "75 % of attempts time out after the provider billed them; up to 6 attempts"),
        at("cache_drop", (0.87, 10), 48, {"feature": "copilot"},
           "prompt cache hit share falls from 0.72 to 0.10"),
        at("agent_loop", (0.94, 2), 6,
           {"feature": "agent_research", "tenant_id": tenant_ids[6], "run_id": "run_runaway"},
           "one run of hundreds of steps, its context growing with each"),
        Incident("weekend_burn-1", "weekend_burn", min(saturday + 1 * HOUR, burn_end), burn_end,
                 {"feature": "agent_research", "tenant_id": tenant_ids[3]},
                 "a scripted client runs research agents all weekend"),
    )  # fmt: skip
    return {incident.kind: incident for incident in incidents}


def _last_saturday(window: Window) -> int:
    """Midnight of the last Saturday whose Sunday is over before the period ends."""
    day = window.end_ms - 2 * DAY
    while _weekday(day) != 5:
        day -= DAY
    return max(window.start_ms, day)


def _weekday(epoch_ms: int) -> int:
    """Monday is 0, Saturday 5."""
    return dt.datetime.fromtimestamp(epoch_ms / 1000, dt.UTC).weekday()
