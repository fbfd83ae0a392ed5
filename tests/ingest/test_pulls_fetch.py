"""Pulling pages against a local server that plays the documented APIs and their bad days."""

from __future__ import annotations

import datetime as dt
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import UsageError
from ingest.pulls.client import Patience, PullError, base_url
from ingest.pulls.endpoints import ANTHROPIC, OPENAI, OPENROUTER, PULLABLE
from ingest.pulls.pages import Pull
from ingest.pulls.pull import fetch
from tests.support.report_api import GROUPS, KEY, ReportApi, api, body, hangs_up, slow, status

__all__ = ["api"]
HASTY = Patience(attempts=3, first_wait=0.01, longest_wait=0.02, timeout=0.3, jitter=0.0)
NOW = dt.datetime(2026, 11, 21, 9, 0, tzinfo=dt.UTC)
NOV = dt.date(2026, 11, 1)


def pull(
    folder: Path,
    source: str = "openai-costs",
    days: int = 4,
    now: dt.datetime = NOW,
    told: list[str] | None = None,
) -> Pull:
    last = NOV + dt.timedelta(days=days - 1)
    tell = (told if told is not None else []).append
    return fetch(source, NOV, last, pulled=folder, now=now, patience=HASTY, tell=tell)


def buckets(pulled: Pull) -> list[str]:
    """The days of every page, in order."""
    return [
        bucket.get("starting_at", bucket.get("start_time"))
        for path in pulled.page_paths()
        for bucket in json.loads(path.read_text())["data"]
    ]


def epochs(days: int) -> list[int]:
    return [1793491200 + 86400 * shift for shift in range(days)]  # 2026-11-01T00:00:00Z


def test_pages_are_followed_and_every_day_is_there_once(api: ReportApi, tmp_path: Path) -> None:
    api.page_days = 3
    pulled = pull(tmp_path, days=8)
    assert buckets(pulled) == epochs(8)
    assert [path.name for path in pulled.page_paths()] == [
        "costs-0001.json",
        "costs-0002.json",
        "costs-0003.json",
    ]
    first, second, third = api.asked
    assert first.params == {
        "start_time": ["1793491200"],
        "end_time": ["1794182400"],
        "bucket_width": ["1d"],
        "limit": ["180"],
        "group_by": ["project_id", "line_item", "api_key_id"],
    }
    assert second.params == first.params | {"page": ["page_2026-11-04"]}
    assert third.params["page"] == ["page_2026-11-07"]


def test_every_openai_usage_report_is_asked_for_in_its_finest_groups(
    api: ReportApi, tmp_path: Path
) -> None:
    pulled = pull(tmp_path, "openai-usage")
    names = [asked.path.removeprefix("/v1/organization/usage/") for asked in api.asked]
    assert names == [
        "completions", "embeddings", "moderations", "images", "audio_speeches",
        "audio_transcriptions", "vector_stores", "code_interpreter_sessions",
        "file_search_calls", "web_search_calls",
    ]  # fmt: skip
    for asked, name in zip(api.asked, names, strict=True):
        assert set(asked.params["group_by"]) == GROUPS[name] - {"user_id"}
        assert asked.params["limit"] == ["31"]
    assert len(pulled.page_paths()) == 10


@pytest.mark.parametrize("knows_speed", [True, False])
def test_anthropic_usage_asks_for_speed_and_does_without(
    api: ReportApi, tmp_path: Path, knows_speed: bool
) -> None:
    api.knows_speed = knows_speed
    api.page_days = 3
    told: list[str] = []
    pulled = pull(tmp_path, "anthropic-usage", told=told)
    assert buckets(pulled) == [f"2026-11-0{day}T00:00:00Z" for day in (1, 2, 3, 4)]
    plain = "api_key_id workspace_id model service_tier context_window inference_geo".split()  # noqa: SIM905
    groups = [asked.params["group_by[]"] for asked in api.asked]
    with_speed = [*plain, "speed"]
    assert groups == ([with_speed] * 2 if knows_speed else [with_speed, plain, plain])
    assert any("asking without" in line for line in told) is not knows_speed
    assert api.asked[-1].params["starting_at"] == ["2026-11-01T00:00:00Z"]
    assert api.asked[-1].params["ending_at"] == ["2026-11-05T00:00:00Z"]


def test_anthropic_costs_are_grouped_by_workspace_and_description(
    api: ReportApi, tmp_path: Path
) -> None:
    pull(tmp_path, "anthropic-costs")
    (asked,) = api.asked
    assert asked.path == "/v1/organizations/cost_report"
    assert asked.params["group_by[]"] == ["workspace_id", "description"]
    assert (asked.headers["x-api-key"], asked.headers["anthropic-version"]) == (KEY, "2023-06-01")
    assert "authorization" not in asked.headers


def test_openrouter_is_asked_a_day_at_a_time(api: ReportApi, tmp_path: Path) -> None:
    row = {"date": "2026-11-02", "model": "openai/gpt-5", "usage": 0.5, "requests": 1}
    api.results["activity"] = {"2026-11-02": [row]}
    pulled = pull(tmp_path, "openrouter", days=3)
    assert [asked.params for asked in api.asked] == [
        {"date": [f"2026-11-0{day}"]} for day in (1, 2, 3)
    ]
    pages = [json.loads(path.read_text())["data"] for path in pulled.page_paths()]
    assert pages == [[], [row], []]


def test_a_page_is_kept_as_it_came(api: ReportApi, tmp_path: Path) -> None:
    raw = b'{"data": [{"odd":  1.10000000000000000000000000000001}], "has_more": false}'
    api.faults = [body(raw)]
    (page,) = pull(tmp_path).page_paths()
    assert page.read_bytes() == raw


@pytest.mark.parametrize("code", [429, 500, 502, 503, 529])
def test_a_passing_error_is_tried_again(api: ReportApi, tmp_path: Path, code: int) -> None:
    told: list[str] = []
    api.faults = [status(code), status(code)]
    assert buckets(pull(tmp_path, told=told)) == epochs(4)
    assert len(api.asked) == 3
    assert sum(f"HTTP {code}" in line for line in told) == 2


def test_retry_after_is_waited_out(api: ReportApi, tmp_path: Path) -> None:
    waited: list[float] = []
    api.faults = [status(429, {"retry-after": "1"})]
    begins = dt.datetime.now(dt.UTC)
    pull(tmp_path)
    waited.append((dt.datetime.now(dt.UTC) - begins).total_seconds())
    assert 1.0 <= waited[0] < 3.0  # the backoff of this test is 0.01 s


def test_a_wait_of_hours_ends_the_pull_instead(api: ReportApi, tmp_path: Path) -> None:
    api.faults = [status(429, {"retry-after": "7200"})]
    with pytest.raises(PullError, match="asks to wait 7,200 s"):
        pull(tmp_path)
    assert len(api.asked) == 1


@pytest.mark.parametrize(
    "fault", [body(b'{"data": [{"start_time": 17'), hangs_up, body(b"<html>"), slow(0.6)]
)
def test_a_broken_or_slow_page_is_fetched_again(
    api: ReportApi, tmp_path: Path, fault: object
) -> None:
    api.faults = [fault]  # type: ignore[list-item]
    assert buckets(pull(tmp_path)) == epochs(4)
    assert len(api.asked) == 2


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (body(b'{"data": ['), "the page is cut off or no JSON"),
        (body(b'{"rows": []}'), "the answer has no list named data"),
        (body(b'{"data": {}}'), "the answer has no list named data"),
        (slow(0.6), "no answer within 0.3 s"),
        (hangs_up, "the connection failed"),
        (status(500), "the API answered HTTP 500"),
    ],
)
def test_what_stays_broken_ends_with_one_clear_error(
    api: ReportApi, tmp_path: Path, fault: object, says: str
) -> None:
    api.faults = [fault] * 3  # type: ignore[list-item]
    with pytest.raises(PullError, match=says) as caught:
        pull(tmp_path)
    assert caught.value.exit_code == 1
    assert "run the same command again" in str(caught.value)
    assert len(api.asked) == 3
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("code", [401, 403])
def test_a_refused_key_is_said_once_and_not_printed(
    api: ReportApi, tmp_path: Path, code: int
) -> None:
    api.faults = [status(code)]
    with pytest.raises(UsageError, match=f"refused the key in OPENAI_ADMIN_KEY .HTTP {code}") as e:
        pull(tmp_path)
    assert e.value.exit_code == 2
    assert len(api.asked) == 1
    assert "sk-admin" not in str(e.value)


def test_the_key_is_in_no_message_and_no_file(api: ReportApi, tmp_path: Path) -> None:
    told: list[str] = []
    api.faults = [status(500), status(400)]
    with pytest.raises(UsageError, match="no good") as caught:
        pull(tmp_path, told=told)
    assert KEY not in str(caught.value)
    pull(tmp_path, told=told)
    assert KEY not in " ".join(told)
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert kept and all(KEY.encode() not in path.read_bytes() for path in kept)


def test_a_key_is_needed_and_the_message_names_the_variable(
    api: ReportApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_ADMIN_KEY")
    with pytest.raises(UsageError, match="ANTHROPIC_ADMIN_KEY or ANTHROPIC_ADMIN_API_KEY is not"):
        pull(tmp_path, "anthropic-costs")
    monkeypatch.setenv("ANTHROPIC_ADMIN_API_KEY", KEY)
    pull(tmp_path, "anthropic-costs")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin\nx-evil: 1")
    with pytest.raises(UsageError, match="characters that no key has") as caught:
        pull(tmp_path)
    assert "evil" not in str(caught.value)


def test_a_wrong_address_is_said(
    api: ReportApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", f"{api.url}/gateway")
    with pytest.raises(UsageError, match=r"HTTP 404\. Check OPENAI_BASE_URL .now .*/gateway/v1"):
        pull(tmp_path)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("https://proxy.example", "https://proxy.example/v1"),
        ("https://proxy.example/v1", "https://proxy.example/v1"),
        ("https://proxy.example/v1/", "https://proxy.example/v1"),
        ("", "https://api.openai.com/v1"),
    ],
)
def test_the_version_stands_once_in_the_address(
    given: str, used: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", given)
    assert base_url(OPENAI) == used
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    monkeypatch.delenv("OPENROUTER_BASE_URL", raising=False)
    assert base_url(ANTHROPIC) == "https://api.anthropic.com/v1"
    assert base_url(OPENROUTER) == "https://openrouter.ai/api/v1"
    for address in ("https://proxy.example", "https://proxy.example/api"):
        monkeypatch.setenv("OPENROUTER_BASE_URL", address)
        assert base_url(OPENROUTER) == "https://proxy.example/api/v1"


def test_an_interrupted_pull_goes_on_with_the_next_page(api: ReportApi, tmp_path: Path) -> None:
    api.page_days = 2
    api.faults = [lambda _: True, lambda _: True, *[status(503)] * 3]
    with pytest.raises(PullError):
        pull(tmp_path, days=8)
    api.asked.clear()
    told: list[str] = []
    pulled = pull(tmp_path, days=8, now=NOW + dt.timedelta(minutes=30), told=told)
    assert [asked.params["page"] for asked in api.asked] == [
        ["page_2026-11-05"],
        ["page_2026-11-07"],
    ]
    assert buckets(pulled) == epochs(8)
    assert "going on where it stopped" in told[0]


def test_finished_reports_are_not_asked_for_again(api: ReportApi, tmp_path: Path) -> None:
    api.faults = [*[lambda _: True] * 4, *[status(500)] * 3]
    with pytest.raises(PullError, match="audio_speeches"):
        pull(tmp_path, "openai-usage")
    api.asked.clear()
    pull(tmp_path, "openai-usage")
    assert api.asked[0].path.endswith("/audio_speeches")
    assert len(api.asked) == 6


def test_an_old_unfinished_pull_is_not_continued(api: ReportApi, tmp_path: Path) -> None:
    api.page_days = 2
    api.faults = [lambda _: True, *[status(503)] * 3]
    with pytest.raises(PullError):
        pull(tmp_path)
    api.asked.clear()
    pulled = pull(tmp_path, now=NOW + dt.timedelta(hours=7))
    assert len(api.asked) == 2
    assert "page" not in api.asked[0].params
    assert buckets(pulled) == epochs(4)


def test_a_cursor_the_api_forgot_starts_that_report_again(api: ReportApi, tmp_path: Path) -> None:
    api.page_days = 2
    api.faults = [lambda _: True, *[status(503)] * 3]
    with pytest.raises(PullError):
        pull(tmp_path)
    api.faults = [status(400)]
    assert buckets(pull(tmp_path)) == epochs(4)
    api.forgotten = {"page_2026-11-03"}
    with pytest.raises(PullError, match="keeps forgetting"):
        pull(tmp_path / "other")


def test_a_page_without_a_way_on_is_an_error_not_an_end(api: ReportApi, tmp_path: Path) -> None:
    api.faults = [body(b'{"data": [], "has_more": true, "next_page": null}')]
    with pytest.raises(PullError, match="more follows, but not where"):
        pull(tmp_path)
    api.faults = [body(b'{"data": [], "has_more": true, "next_page": "page_1"}')] * 2
    with pytest.raises(PullError, match="the same next page again"):
        pull(tmp_path)


def test_a_page_that_drips_is_given_up(api: ReportApi, tmp_path: Path) -> None:
    def drips(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("content-length", "5000")
        handler.end_headers()
        for _ in range(20):
            handler.wfile.write(b" ")
            time.sleep(0.05)

    api.faults = [drips]
    told: list[str] = []
    pulled = fetch(
        "openai-costs",
        NOV,
        NOV,
        pulled=tmp_path,
        now=NOW,
        patience=replace(HASTY, page_timeout=0.2),
        tell=told.append,
    )
    assert buckets(pulled) == epochs(1)
    assert [line for line in told if "no whole page in 0.2 s" in line]


@pytest.mark.parametrize(
    ("page", "says"),
    [
        (b'{"data": []}', "nothing about 4 of 4 days, the first is 2026-11-01"),
        (
            b'{"data": [{"start_time": 1793491200}, {"start_time": 1793664000}, {"start": 1}]}',
            "nothing about 2 of 4 days, the first is 2026-11-02",
        ),
        (None, None),
    ],
)
def test_days_that_no_page_states_are_said(
    api: ReportApi, tmp_path: Path, page: bytes | None, says: str | None
) -> None:
    told: list[str] = []
    api.faults = [body(page)] if page else []
    pull(tmp_path, told=told)
    assert [line for line in told if "states nothing" in line] == (
        [f"costs: the API states {says}"] if says else []
    )


def test_every_source_names_its_reports(tmp_path: Path) -> None:
    assert sorted(PULLABLE) == [
        "anthropic-costs", "anthropic-usage", "openai-costs", "openai-usage", "openrouter",
    ]  # fmt: skip
