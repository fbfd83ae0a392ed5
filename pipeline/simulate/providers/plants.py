"""What providers count otherwise than our log, on purpose, each with what it is worth.

The log and its truth stay as they are: a call our log lost is a call more at the provider, one it
holds twice is a call less. All of it happens at OpenAI in the last month that is over; every fault
has days of its own, so that each can be told from the others.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import polars as pl

from pipeline.simulate.company import SERVICE_NUMBER
from pipeline.simulate.providers.calendar import Calendar
from pipeline.simulate.providers.charges import list_value
from pipeline.simulate.providers.usage import CELL, COUNTS, METERS, summed

UNTRACKED_KEY = "key_labs"
PROVIDER = "openai"
CALLS_A_UNIT = 150_000  # faults that copy no calls grow with the company
Json = dict[str, Any]


@dataclass
class Planted:
    """A planted difference.

    Attributes:
        step: step of the bridge it belongs to.
        cause: its name there; several where the bridge may name parts of it differently.
        amount: in the invoice's currency.
    """

    provider: str
    month: str
    step: int
    cause: str
    amount: Decimal
    what: str

    def as_json(self) -> Json:
        """For the truth file."""
        return {
            "provider": self.provider,
            "billing_month": self.month,
            "step": self.step,
            "cause": self.cause,
            "amount": format(self.amount, "f"),
            "what": self.what,
        }


@dataclass
class Plan:
    """Usage as providers count it, while faults are planted into it.

    Attributes:
        calls: billed calls, one row each.
        month: the month faults are planted in.
        changes: usage rows to add; negative counts take away.
    """

    calls: pl.DataFrame
    calendar: Calendar
    month: str
    changes: list[pl.DataFrame] = field(default_factory=list)
    planted: list[Planted] = field(default_factory=list)
    taken: list[dt.date] = field(default_factory=list)

    def day(self, share: float) -> dt.date:
        """A day for one fault alone: at a share of the month, a working day if one is left."""
        days = self.calendar.days(self.month)
        at = min(int(share * len(days)), len(days) - 1)
        free = [day for day in days[at:] + days[:at] if day not in self.taken]
        day = min(free, key=lambda day: day.weekday() >= 5)
        self.taken.append(day)
        return day

    def of_day(self, day: dt.date, where: pl.Expr) -> pl.DataFrame:
        """Calls of the provider on a day."""
        return self.calls.filter((pl.col("provider") == PROVIDER) & (pl.col("day") == day) & where)

    def plant(self, step: int, cause: str, change: pl.DataFrame, what: str) -> None:
        """Change the usage, and note what that is worth; nothing where there is none."""
        if change.is_empty():
            return
        self.changes.append(change.select(*CELL, *COUNTS))
        self.note(step, cause, list_value(change), what)

    def note(self, step: int, cause: str, amount: Decimal, what: str) -> None:
        """Note a planted difference."""
        self.planted.append(Planted(PROVIDER, self.month, step, cause, amount, what))


def plant_usage(plan: Plan) -> None:
    """Plant every fault of quantities; aborted streams on the days no other fault has."""
    for fault in (_missing, _doubled, _cache_split, _tier_mix, _untracked, _aborted):
        fault(plan)


def _missing(plan: Plan) -> None:
    day = plan.day(0.1)
    lost = plan.of_day(day, pl.col("service") == SERVICE_NUMBER["batch-worker"])
    what = f"the batch worker's second log file of {day} never arrived"
    plan.plant(31, "missing_calls", summed(lost), what)


def _doubled(plan: Plan) -> None:
    day = plan.day(0.2)
    runner = pl.col("service") == SERVICE_NUMBER["agent-runner"]
    twice = plan.of_day(day, runner & (pl.col("op") % 2 == 0))
    what = f"the agent runner logged every second call of {day} again under another event id"
    plan.plant(31, "duplicate_calls", _times(summed(twice), -1), what)


def _aborted(plan: Plan) -> None:
    days = [day for day in plan.calendar.days(plan.month) if day not in plan.taken]
    calls = plan.calls.filter(
        (pl.col("provider") == PROVIDER)
        & pl.col("day").is_in(days)
        & (pl.col("outcome") == "aborted")
        # Langfuse does not say that a stream ended early
        & (pl.col("service") != SERVICE_NUMBER["langfuse"])
    )
    unseen = summed(calls.with_columns(output=pl.col("output") * 3 // 2))
    what = f"streams of {len(days)} days that users left: the provider finished the answer"
    plan.plant(31, "aborted_streams", _only(unseen, output=pl.col("output")), what)


def _cache_split(plan: Plan) -> None:
    day = plan.day(0.55)
    calls = plan.of_day(day, pl.col("service") == SERVICE_NUMBER["litellm"])
    cached = summed(calls.with_columns(input=pl.col("input") // 2))
    moved = _only(cached, input=-pl.col("input"), cache_read=pl.col("input"))
    what = f"the LiteLLM gateway logged half its cached input of {day} as uncached"
    plan.plant(31, "cache_split", moved, what)


def _tier_mix(plan: Plan) -> None:
    day = plan.day(0.62)
    batch = summed(plan.of_day(day, pl.col("tier") == "batch"))
    standard = batch.with_columns(tier=pl.lit("standard"))
    what = f"batches of {day} were run, and charged, as standard"
    plan.plant(31, "tier_mix", pl.concat([_times(batch, -1), standard]), what)


def _untracked(plan: Plan) -> None:
    days = plan.calendar.days(plan.month)[-6:]
    scale = max(1, plan.calls.height // CALLS_A_UNIT)
    rows = [
        {
            "day": day, "utc_day": day, "key": UNTRACKED_KEY, "project": "proj_labs",
            "provider": PROVIDER, "model": "gpt-5.4", "tier": "standard", "is_long": False,
            "requests": 40 * scale, "input": (210_000 + 7_001 * n) * scale,
            "cache_read": 64_000 * scale, "output": (31_000 + 503 * n) * scale,
        }
        for n, day in enumerate(days)
    ]  # fmt: skip
    usage = pl.DataFrame(rows).with_columns(
        pl.lit(0, pl.Int64).alias(name) for name in COUNTS if name not in rows[0]
    )
    what = f"the labs team calls with a key of its own ({UNTRACKED_KEY}), past the gateway"
    plan.plant(32, "untracked_keys", usage.select(*CELL, *COUNTS), what)


def _times(usage: pl.DataFrame, factor: int) -> pl.DataFrame:
    return usage.with_columns(pl.col(COUNTS) * factor)


def _only(usage: pl.DataFrame, **kept: pl.Expr) -> pl.DataFrame:
    """The usage with these counts and no others."""
    nothing = {name: pl.lit(0, pl.Int64) for name in COUNTS}
    changed = usage.with_columns(**nothing | kept)
    return changed.filter(pl.any_horizontal(pl.col(name) != 0 for name in METERS))
