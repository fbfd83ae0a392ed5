"""Which days a pull asks for, and how long an API wants to be left alone."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from ingest.errors import UsageError
from ingest.pulls.client import PullError
from ingest.pulls.endpoints import OPENAI, OPENROUTER, Service
from ingest.pulls.pages import Pull, last_landed_day, only_pull
from ingest.pulls.waits import pause_after, retry_after
from ingest.pulls.window import days_to_pull

TODAY = dt.date(2026, 11, 21)
NOW = dt.datetime(2026, 11, 21, 9, 0, tzinfo=dt.UTC)  # epoch 1795251600


def window(
    service: Service = OPENAI,
    given_from: str | None = None,
    given_to: str | None = None,
    restate_days: int = 7,
    last_landed: dt.date | None = None,
) -> list[str]:
    days = days_to_pull(
        service,
        given_from=given_from,
        given_to=given_to,
        restate_days=restate_days,
        last_landed=last_landed,
        today=TODAY,
    )
    return [day.isoformat() for day in days]


def test_the_restatement_window_begins_before_the_last_landed_day() -> None:
    landed = dt.date(2026, 11, 18)
    assert window(last_landed=landed) == ["2026-11-11", "2026-11-20"]
    assert window(last_landed=landed, restate_days=2) == ["2026-11-16", "2026-11-20"]
    assert window(last_landed=landed, restate_days=0) == ["2026-11-18", "2026-11-20"]
    # what landed of today does not push the window past yesterday
    assert window(last_landed=TODAY) == ["2026-11-13", "2026-11-20"]


def test_the_first_pull_asks_for_thirty_days() -> None:
    assert window() == ["2026-10-22", "2026-11-20"]


def test_stated_days_win_and_today_may_be_asked_for() -> None:
    stated = window(given_from="2025-01-01", given_to="2025-01-31", last_landed=TODAY)
    assert stated == ["2025-01-01", "2025-01-31"]
    assert window(given_from="2026-11-21", given_to="2026-11-21") == ["2026-11-21", "2026-11-21"]


def test_openrouter_reaches_back_thirty_completed_days() -> None:
    assert window(OPENROUTER, last_landed=dt.date(2026, 1, 1)) == ["2026-10-22", "2026-11-20"]
    assert window(OPENROUTER, given_from="2026-10-22") == ["2026-10-22", "2026-11-20"]
    with pytest.raises(UsageError, match=r"--from 2026-10-21 is too long ago.*2026-10-22"):
        window(OPENROUTER, given_from="2026-10-21")
    with pytest.raises(UsageError, match=r"--to 2026-11-21 is not complete.*2026-11-20"):
        window(OPENROUTER, given_to="2026-11-21")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"given_to": "2026-11-22"}, "--to 2026-11-22 lies ahead"),
        ({"given_from": "2026-11-20", "given_to": "2026-11-19"}, "is after --to"),
        ({"given_from": "20.11.2026"}, "--from 20.11.2026 is no day. Give it as YYYY-MM-DD"),
        ({"given_to": "2026-02-30"}, "--to 2026-02-30 is no day"),
        ({"restate_days": -1}, "--restate-days -1 must not be negative"),
    ],
)
def test_days_that_make_no_sense_are_refused(options: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        window(**options)  # type: ignore[arg-type]


def test_the_newest_landed_pull_counts_also_without_rows(tmp_path: Path) -> None:
    assert last_landed_day(tmp_path) is None
    for name in ("2026-11-01_2026-11-10", "2026-10-01_2026-10-31"):
        (tmp_path / name / "20261121T090000.000000Z").mkdir(parents=True)
        Pull(tmp_path / name / "20261121T090000.000000Z").mark_landed({})
    (tmp_path / "2026-11-11_2026-11-20" / "20261121T090000.000000Z").mkdir(
        parents=True
    )  # not landed
    assert last_landed_day(tmp_path) == dt.date(2026, 11, 10)


def test_one_pull_of_a_source_at_a_time(tmp_path: Path) -> None:
    held = tmp_path / "openai-costs"
    with only_pull(held), pytest.raises(PullError, match="another pull of openai-costs"):
        only_pull(held).__enter__()
    with only_pull(held):
        pass


def test_a_page_that_progress_does_not_name_is_not_there(tmp_path: Path) -> None:
    pull = Pull(tmp_path)
    pull.save_page("costs", b"1", next_page="p2", is_done=False)
    (tmp_path / "costs-0002.json").write_bytes(b"half")  # written, then killed
    again = Pull(tmp_path)
    assert [path.name for path in again.page_paths()] == ["costs-0001.json"]
    assert again.endpoint("costs").next_page == "p2"
    again.save_page("costs", b"2", next_page=None, is_done=True)
    assert (tmp_path / "costs-0002.json").read_bytes() == b"2"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "12"}, 12.0),
        ({"retry-after": "Sat, 21 Nov 2026 09:00:30 GMT"}, 30.0),
        ({"retry-after": "Sat, 21 Nov 2026 08:00:00 GMT"}, 0.0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"x-ratelimit-reset-requests": "6m0s"}, 360.0),
        ({"x-ratelimit-reset-requests": "1m30.5s"}, 90.5),
        ({"x-ratelimit-reset-requests": "20ms"}, 0.02),
        ({"anthropic-ratelimit-requests-reset": "2026-11-21T09:00:45Z"}, 45.0),
        ({"x-ratelimit-reset": "1795251660000"}, 60.0),
        ({"x-ratelimit-reset": "1795251620"}, 20.0),
        ({"x-ratelimit-reset": "5"}, 5.0),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_stated_waits(headers: dict[str, str], seconds: float | None) -> None:
    found = retry_after(headers, NOW)
    assert found == (None if seconds is None else pytest.approx(seconds))


def test_no_pause_while_requests_are_left() -> None:
    reset = {"x-ratelimit-reset-requests": "2s"}
    assert pause_after(reset | {"x-ratelimit-remaining-requests": "0"}, NOW) == 2.0
    assert pause_after(reset | {"x-ratelimit-remaining-requests": "10"}, NOW) == 0.0
    assert pause_after({}, NOW) == 0.0
