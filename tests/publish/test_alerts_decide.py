"""What is told to whom, and when: decisions over time, with an outbox that forgets nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from publish.alerts.cycle import Cycle, _cycle
from publish.alerts.errors import LaterError
from publish.alerts.inputs import Inputs
from publish.alerts.outbox import Outbox
from publish.alerts.records import Change, Delivery, Route
from publish.alerts.states import State, add_state
from publish.alerts.times import QuietWindow, quiet_until, time_of_day, weekdays_of
from tests.support.alert_factory import START, change, minutes, route


class Story:
    """A warehouse that grows, and receivers that note what they hear."""

    def __init__(self, folder: Path, *routes: Route, **quiet: Sequence[QuietWindow]) -> None:
        self.folder = folder
        self.routes = routes
        self.quiet = quiet
        self.changes: list[Change] = []
        self.heard: list[tuple[str, str, str]] = []
        self.sent: list[Delivery] = []
        self.is_down = False
        self.deaf_to = ""
        self.at(START - minutes(1))  # a first cycle, so that nothing is history

    def at(self, now: dt.datetime, *changes: Change) -> list[tuple[str, str, str]]:
        """A cycle at this time: route, incident and event of what was heard."""
        self.changes += changes
        self.heard = []
        self.cycle(now)
        return self.heard

    def cycle(self, now: dt.datetime) -> Cycle:
        outbox = Outbox(self.folder / "outbox.sqlite")
        inputs = Inputs(self.changes, self.routes, self.quiet)
        try:
            return _cycle(outbox, self.folder, inputs, lambda: now, senders={"stdout": self._hear})
        finally:
            outbox.close()

    def _hear(self, delivery: Delivery) -> None:
        if self.is_down or delivery.event == self.deaf_to:
            raise LaterError("HTTP 503")
        name = delivery.dedup_key.removeprefix("key-")
        self.heard.append((delivery.route_id, name, delivery.event))
        self.sent.append(delivery)


def night(**values: Any) -> QuietWindow:
    given = {
        "zone": ZoneInfo("Europe/Berlin"),
        "weekdays": weekdays_of("*"),
        "start": time_of_day("22:00", ""),
        "end": time_of_day("07:00", ""),
        "except_severity": "critical",
    }
    return QuietWindow(**{**given, **values})


def test_each_state_change_is_told_once_to_each_route(tmp_path: Path) -> None:
    story = Story(tmp_path, route("one", priority=1), route("two", priority=1), route("three"))
    news = [change("a"), change("a", "update", START + minutes(5))]
    assert story.at(START + minutes(6), *news) == [
        ("one", "a", "trigger"),
        ("one", "a", "update"),
        ("two", "a", "trigger"),
        ("two", "a", "update"),
    ]
    assert story.at(START + minutes(7)) == []
    done = [
        change("a", "acknowledge", START + minutes(8)),
        change("a", "resolve", START + minutes(9)),
    ]
    assert [event for _, _, event in story.at(START + minutes(9), *done)] == [
        "acknowledge", "resolve", "acknowledge", "resolve",
    ]  # fmt: skip
    assert story.at(START + minutes(30)) == []


def test_routes_are_chosen_by_tier_severity_owner_and_workload(tmp_path: Path) -> None:
    story = Story(
        tmp_path,
        route("team", priority=1, owner="ml", workload="chat|*", tiers=("page",)),
        route("severe", priority=2, min_severity="warning"),
        route("rest", priority=3),
    )
    told = story.at(
        START,
        change("a", owner="ml", workload="chat|realtime|prod"),
        change("b", owner="ml", workload="chat|realtime|prod", tier="watch"),
        change("c", owner="ml", workload="search|realtime|prod", severity="info"),
        change("d", tier="no-such-tier"),
    )
    assert sorted(told) == [
        ("default", "d", "trigger"),
        ("rest", "c", "trigger"),
        ("severe", "b", "trigger"),
        ("team", "a", "trigger"),
    ]


def test_who_heard_the_trigger_hears_the_end_and_who_comes_later_hears_a_trigger(
    tmp_path: Path,
) -> None:
    story = Story(
        tmp_path,
        route("pager", priority=1, min_severity="critical"),
        route("chat", priority=2),
    )
    assert story.at(START, change("a", severity="warning")) == [("chat", "a", "trigger")]
    worse = change("a", "update", START + minutes(5), severity="critical")
    assert sorted(story.at(START + minutes(5), worse)) == [
        ("chat", "a", "update"),
        ("pager", "a", "trigger"),
    ]
    end = change("a", "resolve", START + minutes(9), severity="critical")
    assert sorted(story.at(START + minutes(9), end)) == [
        ("chat", "a", "resolve"),
        ("pager", "a", "resolve"),
    ]


def test_cooldown_holds_updates_and_the_newest_wins_but_not_what_is_worse(tmp_path: Path) -> None:
    story = Story(tmp_path, route("chat", cooldown=minutes(60)))
    assert story.at(START, change("a", severity="info")) == [("chat", "a", "trigger")]
    for at in (10, 20):
        late = change("a", "update", START + minutes(at), severity="info", title=f"at {at}")
        assert story.at(START + minutes(at), late) == []
    assert story.at(START + minutes(60)) == [("chat", "a", "update")]
    assert story.sent[-1].change.title == "at 20"
    assert story.at(START + minutes(300)) == []
    again = change("a", "update", START + minutes(301), severity="info")
    assert story.at(START + minutes(301), again) == [("chat", "a", "update")]
    worse = change("a", "update", START + minutes(302), severity="warning")
    assert story.at(START + minutes(302), worse) == [("chat", "a", "update")]


def test_a_resolve_makes_a_held_update_moot(tmp_path: Path) -> None:
    story = Story(tmp_path, route("chat", cooldown=minutes(60)))
    story.at(START, change("a"))
    story.at(START + minutes(5), change("a", "update", START + minutes(5)))
    end = change("a", "resolve", START + minutes(10))
    assert story.at(START + minutes(10), end) == [("chat", "a", "resolve")]
    flap = change("a", "trigger", START + minutes(20))
    assert story.at(START + minutes(20), flap) == []
    assert story.at(START + minutes(25), change("a", "resolve", START + minutes(25))) == []
    assert story.at(START + minutes(90)) == []


def test_reminders_until_somebody_takes_it_on(tmp_path: Path) -> None:
    story = Story(tmp_path, route("chat", renotify=minutes(30)))
    story.at(START, change("a"))
    assert story.at(START + minutes(29)) == []
    assert story.at(START + minutes(30)) == [("chat", "a", "update")]
    assert story.sent[-1].note == "still open and not acknowledged after 30 min"
    assert story.at(START + minutes(31)) == []
    assert story.at(START + minutes(61)) == [("chat", "a", "update")]
    assert len({sent.key for sent in story.sent}) == 3
    story.at(START + minutes(70), change("a", "acknowledge", START + minutes(70)))
    assert story.at(START + minutes(500)) == []
    reopened = [
        change("a", "resolve", START + minutes(501)),
        change("a", "trigger", START + minutes(502)),
    ]
    story.at(START + minutes(502), *reopened)
    assert story.at(START + minutes(533)) == [("chat", "a", "update")]


def test_a_state_given_by_hand_stops_reminders_before_any_build(tmp_path: Path) -> None:
    story = Story(tmp_path, route("chat", renotify=minutes(30)))
    story.at(START, change("a"))
    add_state(
        tmp_path / "states.csv",
        State("incident-a", "acknowledged", START + minutes(10), "on it", "A. Person"),
    )
    assert story.at(START + minutes(40)) == []


def test_escalation_when_nobody_acknowledges_even_if_the_channel_is_down(tmp_path: Path) -> None:
    story = Story(
        tmp_path,
        route("chat", priority=1, escalate_after=minutes(15), escalate_to="lead"),
        route("lead", tiers=(), escalate_after=minutes(15), escalate_to="chat"),
    )
    story.is_down = True
    assert story.at(START, change("a")) == []
    story.is_down = False
    told = story.at(START + minutes(15))
    assert sorted(told) == [("chat", "a", "trigger"), ("lead", "a", "trigger")]
    [note] = [sent.note for sent in story.sent if sent.route_id == "lead"]
    assert note == "escalated from chat: not acknowledged for 15 min"
    assert story.at(START + minutes(60)) == []
    end = change("a", "resolve", START + minutes(61))
    assert sorted(story.at(START + minutes(61), end)) == [
        ("chat", "a", "resolve"),
        ("lead", "a", "resolve"),
    ]


def test_no_escalation_to_who_knows_already(tmp_path: Path) -> None:
    story = Story(
        tmp_path,
        route("chat", priority=1, escalate_after=minutes(15), escalate_to="lead"),
        route("lead", priority=1),
    )
    assert len(story.at(START, change("a"))) == 2
    assert story.at(START + minutes(200)) == []


def test_no_escalation_once_acknowledged(tmp_path: Path) -> None:
    story = Story(
        tmp_path,
        route("chat", priority=1, escalate_after=minutes(15), escalate_to="lead"),
        route("lead", tiers=()),
    )
    story.at(START, change("a"))
    story.at(START + minutes(5), change("a", "acknowledge", START + minutes(5)))
    update = change("a", "update", START + minutes(10))
    assert story.at(START + minutes(10), update) == [("chat", "a", "update")]
    assert story.at(START + minutes(200)) == []


def test_quiet_hours_hold_what_is_not_critical_and_deliver_it_after(tmp_path: Path) -> None:
    story = Story(tmp_path, route("chat", quiet_hours="night"), night=[night()])
    late = dt.datetime(2026, 11, 18, 22, 30, tzinfo=dt.UTC)  # 23:30 in Berlin
    news = [change("a", "trigger", late, severity="warning"), change("b", "trigger", late)]
    assert story.at(late, *news) == [("chat", "b", "trigger")]
    end = change("a", "resolve", late + minutes(60), severity="warning")
    assert story.at(late + minutes(60), end) == []
    morning = dt.datetime(2026, 11, 19, 6, 0, tzinfo=dt.UTC)
    assert story.at(morning - minutes(1)) == []
    assert story.at(morning) == [("chat", "a", "trigger"), ("chat", "a", "resolve")]


def test_what_becomes_critical_at_night_replaces_what_is_held(tmp_path: Path) -> None:
    story = Story(tmp_path, route("chat", quiet_hours="night"), night=[night()])
    late = dt.datetime(2026, 11, 18, 22, 30, tzinfo=dt.UTC)
    assert story.at(late, change("a", "trigger", late, severity="warning")) == []
    worse = change("a", "update", late + minutes(5))
    assert story.at(late + minutes(5), worse) == [("chat", "a", "trigger")]
    assert story.at(late + minutes(900)) == []


def test_quiet_hours_know_summer_time_and_follow_on_each_other() -> None:
    midnights = {"start": time_of_day("0:00", ""), "end": time_of_day("24:00", "")}
    windows = [night(), night(weekdays=weekdays_of("sat|sun"), **midnights)]
    friday = dt.datetime(2026, 3, 27, 23, 0, tzinfo=dt.UTC)
    # summer time begins on the Sunday; Monday 07:00 in Berlin is 05:00 UTC
    assert quiet_until(windows, "warning", friday) == dt.datetime(2026, 3, 30, 5, tzinfo=dt.UTC)
    assert quiet_until(windows, "critical", friday) is None
    assert quiet_until(windows, "warning", friday - minutes(240)) is None
    assert quiet_until([night(except_severity="")], "critical", friday) is not None


def test_a_digest_collects_and_a_page_never_waits_for_it(tmp_path: Path) -> None:
    story = Story(tmp_path, route("daily", digest="08:30 Europe/Berlin"))
    told = story.at(
        START,
        change("page"),
        change("small", tier="watch", excess_usd=1, severity="info"),
        change("large", tier="digest", excess_usd=9, severity="warning"),
    )
    assert told == [("daily", "page", "trigger")]
    story.at(
        START + minutes(60),
        change("small", "resolve", START + minutes(60), tier="watch", excess_usd=2),
    )
    slot = dt.datetime(2026, 11, 19, 7, 30, tzinfo=dt.UTC)
    assert story.at(slot - minutes(1)) == []
    assert story.at(slot) == [("daily", "digest", "digest")]
    listed = [(line.incident_id, line.event) for line in story.sent[-1].lines]
    assert listed == [("incident-large", "trigger"), ("incident-small", "resolve")]
    assert story.at(slot + minutes(24 * 60)) == []
    late = slot + minutes(26 * 60)
    assert story.at(late, change("large", "resolve", late, tier="digest")) == []
    assert story.at(slot + minutes(48 * 60)) == [("daily", "digest", "digest")]


def test_a_failed_trigger_is_not_overtaken_by_its_resolve(tmp_path: Path) -> None:
    story = Story(tmp_path, route("chat"))
    story.is_down = True
    story.at(START, change("a"))
    story.is_down = False
    assert story.at(START + minutes(0.1), change("a", "resolve", START + minutes(0.1))) == []
    story.deaf_to = "trigger"
    assert story.at(START + minutes(2)) == []
    story.deaf_to = ""
    assert story.at(START + minutes(5)) == [("chat", "a", "trigger"), ("chat", "a", "resolve")]


def test_the_first_run_does_not_flood(tmp_path: Path) -> None:
    old = START - dt.timedelta(days=20)
    story = Story.__new__(Story)
    story.folder, story.routes, story.quiet = tmp_path, (route("chat"),), {}
    story.is_down, story.deaf_to = False, ""
    story.heard, story.sent = [], []
    story.changes = [
        change("closed", "trigger", old),
        change("closed", "resolve", old + minutes(60)),
        change("open", "trigger", old),
        change("open", "update", old + minutes(10), title="worse"),
        change("open", "update", old + minutes(20), title="worst"),
        change("taken", "trigger", old),
        change("taken", "acknowledge", old + minutes(30)),
        change("young", "trigger", START - minutes(120)),
        change("young", "resolve", START - minutes(60)),
    ]
    cycle = story.cycle(START)
    assert sorted(story.heard) == [
        ("chat", "open", "trigger"),
        ("chat", "taken", "acknowledge"),
        ("chat", "taken", "trigger"),
        ("chat", "young", "resolve"),
        ("chat", "young", "trigger"),
    ]
    assert [sent.change.title for sent in story.sent if sent.dedup_key == "key-open"] == ["worst"]
    assert (cycle.is_first, cycle.skipped, cycle.collapsed) == (True, 1, 2)
    again = story.cycle(START + minutes(5))
    assert (again.is_first, again.skipped, again.result.delivered) == (False, 0, [])


def test_a_weekend_without_deliveries_is_caught_up_with_history_is_not(tmp_path: Path) -> None:
    story = Story(tmp_path, route("chat"))
    monday = START + dt.timedelta(days=3)
    told = story.at(
        monday,
        change("weekend", "trigger", START + minutes(60)),
        change("weekend", "resolve", START + minutes(120)),
        change("history", "trigger", START - dt.timedelta(days=30)),
        change("history", "resolve", START - dt.timedelta(days=29)),
    )
    assert told == [("chat", "weekend", "trigger"), ("chat", "weekend", "resolve")]


def test_what_corrected_data_takes_back_is_resolved_and_told_again_when_it_returns(
    tmp_path: Path,
) -> None:
    story = Story(tmp_path, route("chat"))
    story.at(START, change("a"))
    story.changes = []
    assert story.at(START + minutes(5)) == []
    assert story.at(START + minutes(66)) == [("chat", "a", "resolve")]
    assert story.sent[-1].change.title.startswith("Withdrawn: ")
    assert story.at(START + minutes(70)) == []
    assert story.at(START + minutes(75), change("a")) == [("chat", "a", "trigger")]
    assert story.at(START + minutes(80)) == []
    story.changes = []
    story.at(START + minutes(90))
    assert story.at(START + minutes(200)) == [("chat", "a", "resolve")]
    assert story.at(START + minutes(210), change("a")) == [("chat", "a", "trigger")]


def test_an_update_of_what_is_closed_and_stays_closed_is_not_news(tmp_path: Path) -> None:
    story = Story(tmp_path, route("chat"))
    story.at(START, change("a"))
    story.at(START + minutes(60), change("a", "resolve", START + minutes(60)))
    late = change("a", "update", START + minutes(30))
    story.changes.insert(1, late)
    assert story.at(START + minutes(90)) == []


@pytest.mark.parametrize("text", ["25:00", "7", "07:60", ""])
def test_a_time_of_day_has_one_spelling(text: str) -> None:
    with pytest.raises(Exception, match="is no time of day"):
        time_of_day(text, "digest")
