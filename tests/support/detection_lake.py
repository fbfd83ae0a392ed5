"""Five weeks of one workload, and what goes wrong in its last days; deterministic."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from tests.support.lake_factory import call

START = dt.datetime(2026, 8, 31, tzinfo=dt.UTC)  # a Monday
TENANTS = ("acme", "globex", "initech", "umbrella", "hooli")


def hours(first: int, last: int, **fields: Any) -> list[dict[str, Any]]:
    """Calls of the hours from `first` to before `last`, counted from START.

    From hour 792 on, day 33, every call costs three times as much: a deploy. Three calls an hour
    and tenant; costs waver by a few percent so that baselines have a spread.
    """
    return list(_calls(first, last, fields))


def _calls(first: int, last: int, fields: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for hour in range(first, last):
        at = START + dt.timedelta(hours=hour)
        for number, tenant in enumerate(TENANTS):
            for turn in range(3):
                waver = 1 + 0.01 * ((hour * 7 + number * 3 + turn) % 11 - 5)
                factor = 3 if hour >= 792 else 1
                cost = 0.25 * (1 + number / 2) * waver * factor
                yield call(
                    f"{hour}-{tenant}-{turn}",
                    f"{at:%Y-%m-%d %H}:{10 + turn}",
                    tenant_id=tenant,
                    feature="chat",
                    workload_class="realtime",
                    environment="production",
                    provider_cost_usd=f"{cost:.6f}",
                    **fields,
                )
