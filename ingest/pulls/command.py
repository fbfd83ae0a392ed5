"""``python -m ingest <source> --from DAY --to DAY``: pull the days, then land the pages.

    OPENAI_ADMIN_KEY                                 openai-usage, openai-costs
    ANTHROPIC_ADMIN_KEY or ANTHROPIC_ADMIN_API_KEY   anthropic-usage, anthropic-costs
    OPENROUTER_MANAGEMENT_KEY or OPENROUTER_API_KEY  openrouter

``OPENAI_BASE_URL``, ``ANTHROPIC_BASE_URL`` and ``OPENROUTER_BASE_URL`` point elsewhere.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Sequence

from ingest.inputs import InputFile, recognise
from ingest.lake import Lake
from ingest.pulls.client import Patience
from ingest.pulls.endpoints import PULLABLE
from ingest.pulls.pages import last_landed_day, only_pull
from ingest.pulls.pull import fetch
from ingest.pulls.window import RESTATE_DAYS, days_to_pull
from ingest.settings import Settings


def tell_stderr(line: str) -> None:
    """Progress goes beside the result, which may be JSON."""
    print(line, file=sys.stderr, flush=True)


def pull_and_land(
    source: str,
    settings: Settings,
    land: Callable[[Sequence[InputFile]], object],
    *,
    given_from: str | None = None,
    given_to: str | None = None,
    restate_days: int | None = None,
    patience: Patience | None = None,
    tell: Callable[[str], None] = tell_stderr,
    now: dt.datetime | None = None,
) -> None:
    """Pull a source's reports and land their pages in one command.

    Args:
        source: one of ``PULLABLE``.
        settings: where the lake is; pages are kept on this machine.
        land: lands files of the source; what it raises leaves the pull unlanded, so that the
            same command lands it again without fetching.
        given_from: first day, ``YYYY-MM-DD``; default: the restatement window.
        given_to: last day, inclusive; default: yesterday in UTC.
        restate_days: days before the last landed one that are fetched again; default 7.
        patience: how long to try.
        tell: called with progress lines.
        now: the current instant; given in tests.

    Raises:
        UsageError: days out of reach, no usable key, or a request the API refuses for good.
        PullError: the API did not answer; finished pages are kept.
    """
    now = now or dt.datetime.now(dt.UTC)
    pulled = settings.local / "pulled" / source
    with only_pull(pulled):
        first, last = days_to_pull(
            PULLABLE[source].service,
            given_from=given_from,
            given_to=given_to,
            restate_days=RESTATE_DAYS if restate_days is None else restate_days,
            last_landed=_last_landed(source, settings),
            today=now.date(),
        )
        pull = fetch(source, first, last, pulled=pulled, now=now, patience=patience, tell=tell)
        paths = pull.page_paths()
        land([recognise(path) for path in paths])
        pull.mark_landed({"landed_at": now.isoformat(), "pages": len(paths)})


def _last_landed(source: str, settings: Settings) -> dt.date | None:
    """The newest day of a source that is in the lake or was asked for and landed."""
    instants = [
        row["last_event_at"] for row in Lake(settings.raw).landings() if row["source"] == source
    ]
    days = [instant.date() for instant in instants if instant is not None]
    asked = last_landed_day(settings.local / "pulled" / source)
    return max([*days, *([asked] if asked else [])], default=None)
