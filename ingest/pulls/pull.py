"""Fetch the reports of a source for a range of days, page after page, and hand them to landing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from ingest.pulls.client import Client, Patience, PullError, UnknownParameterError
from ingest.pulls.endpoints import PULLABLE, Endpoint, Params
from ingest.pulls.pages import Progress, Pull, open_pull

Tell = Callable[[str], None]


def fetch(
    source: str,
    first: dt.date,
    last: dt.date,
    *,
    pulled: Path,
    now: dt.datetime,
    patience: Patience | None = None,
    tell: Tell = lambda _: None,
) -> Pull:
    """Fetch what is not yet there of a source's reports for whole UTC days.

    Args:
        source: name of the source.
        first: first day.
        last: last day, inclusive.
        pulled: the source's folder of pulls.
        now: when the pull starts, or goes on.
        patience: how long to try.
        tell: called with one line a page.

    Raises:
        UsageError: no usable key, or the API refuses the request for good.
        PullError: the API did not answer; finished pages are kept.
    """
    with Client(PULLABLE[source].service, patience, tell) as client:
        pull, goes_on = open_pull(pulled / f"{first}_{last}", now)
        tell(f"{source}: {first} to {last}" + (", going on where it stopped" if goes_on else ""))
        for endpoint in PULLABLE[source].endpoints:
            for name, days in _requests(endpoint, first, last):
                pages = _Pages(client, pull, endpoint, name, days, tell)
                _fetch_pages(pages)
                if not endpoint.is_per_day:
                    _tell_unstated(pages)
        return pull


def _requests(
    endpoint: Endpoint, first: dt.date, last: dt.date
) -> list[tuple[str, tuple[dt.date, dt.date]]]:
    """The endpoint's page prefix and days: the whole range, or each day on its own."""
    if not endpoint.is_per_day:
        return [(endpoint.name, (first, last))]
    days = [first + dt.timedelta(days=shift) for shift in range((last - first).days + 1)]
    return [(f"{endpoint.name}-{day}", (day, day)) for day in days]


@dataclass(frozen=True)
class _Pages:
    """The pages of one request and how to ask for the next."""

    client: Client
    pull: Pull
    endpoint: Endpoint
    name: str
    days: tuple[dt.date, dt.date]
    tell: Tell

    @property
    def progress(self) -> Progress:
        return self.pull.endpoint(self.name)

    def params(self) -> Params:
        asked = self.endpoint.params(*self.days)
        if not self.progress.without_extra:
            asked = [*asked, *self.endpoint.extra]
        if self.progress.next_page is not None:
            asked.append(("page", self.progress.next_page))
        return asked

    def ask(self) -> tuple[bytes, dict[str, Any]]:
        """The next page; a cursor or a parameter the API does not know is given up once."""
        try:
            return self.client.page(self.endpoint.path, self.params())
        except UnknownParameterError:
            if self.progress.next_page is not None:
                self.tell(f"{self.name}: the API no longer knows the next page, starting again")
                self.pull.restart(self.name)
            elif self.endpoint.extra and not self.progress.without_extra:
                left_out = ", ".join(value for _, value in self.endpoint.extra)
                self.tell(f"{self.name}: the API does not know {left_out}, asking without")
                self.progress.without_extra = True
            else:
                raise
        return self.ask()


def _fetch_pages(pages: _Pages) -> None:
    seen: set[str] = set()
    has_restarted = False
    while not pages.progress.is_done:
        done_before = len(pages.progress.pages)
        body, page = pages.ask()
        if len(pages.progress.pages) < done_before:  # the cursor was given up
            if has_restarted:
                raise PullError(f"{pages.name}: the API keeps forgetting its pages")
            has_restarted = True
            seen.clear()
        cursor = _next_page(pages.name, page)
        if cursor is not None and cursor in seen:
            raise PullError(f"{pages.name}: the API gives the same next page again and again")
        if cursor is not None:
            seen.add(cursor)
        pages.pull.save_page(pages.name, body, next_page=cursor, is_done=cursor is None)
        buckets = len(page["data"])
        unit = "rows" if pages.endpoint.is_per_day else "days"
        pages.tell(f"{pages.name}: page {len(pages.progress.pages)}, {buckets:,} {unit}")


def _tell_unstated(pages: _Pages) -> None:
    """Say which days no page states: these reports state every day, also without use."""
    stated: set[dt.date] = set()
    for page in pages.progress.pages:
        for bucket in orjson.loads((pages.pull.folder / page).read_bytes())["data"]:
            stated |= _bucket_day(bucket)
    first, last = pages.days
    asked = [first + dt.timedelta(days=shift) for shift in range((last - first).days + 1)]
    if unstated := [day for day in asked if day not in stated]:
        pages.tell(
            f"{pages.name}: the API states nothing about {len(unstated)} of {len(asked)} days,"
            f" the first is {unstated[0]}"
        )


def _bucket_day(bucket: Any) -> set[dt.date]:
    """The UTC day a bucket begins on; none where it does not say as documented."""
    if not isinstance(bucket, dict):
        return set()
    start = bucket.get("start_time", bucket.get("starting_at"))
    try:
        if isinstance(start, int):
            return {dt.datetime.fromtimestamp(start, dt.UTC).date()}
        return {dt.datetime.fromisoformat(str(start)).astimezone(dt.UTC).date()}
    except (ValueError, OverflowError, OSError):
        return set()


def _next_page(name: str, page: dict[str, Any]) -> str | None:
    """The cursor of the next page, None after the last.

    Raises:
        PullError: the page says that there is more, but not where.
    """
    has_more, cursor = page.get("has_more"), page.get("next_page")
    if not has_more:
        return None
    if has_more is not True or not isinstance(cursor, str) or not cursor:
        raise PullError(
            f"{name}: a page says that more follows, but not where (has_more, next_page)."
            " The API may have changed; nothing of this pull has landed"
        )
    return cursor
