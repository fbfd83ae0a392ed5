"""Deliveries over a real connection: nothing lost, nothing twice, no secret shown."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.alert_factory import (
    START,
    Got,
    Receiver,
    change,
    minutes,
    receiving,
    routed,
    write_warehouse,
)

LONG_AFTER = START + dt.timedelta(hours=8)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as served:
        yield served


def start(data: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "publish", *arguments],
        env={**os.environ, "TOKENHOUSE_DATA": str(data), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(data: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    process = start(data, *arguments, **environment)
    out, err = process.communicate(timeout=120)
    assert "Traceback" not in err, err
    return process.returncode, out, err


def at(now: dt.datetime) -> tuple[str, ...]:
    return ("alerts", "--now", now.isoformat(), "--json")


def told(data: Path, now: dt.datetime, **environment: str) -> tuple[int, dict[str, Any]]:
    code, out, _ = run(data, *at(now), **environment)
    return code, json.loads(out)


def test_a_state_change_reaches_every_channel_once_also_after_a_rebuild(
    tmp_path: Path, receiver: Receiver
) -> None:
    routes = [routed("slack"), routed("webhook", secret_env="TEST_SECRET"), routed("stdout")]
    environment = {
        "TEST_SLACK": receiver.url,
        "TEST_WEBHOOK": receiver.url,
        "TEST_SECRET": "hush",
    }
    news = [change("a"), change("a", "resolve", START + minutes(30))]
    write_warehouse(tmp_path, news[:1], routes)
    code, out, _ = run(tmp_path, "alerts", "--now", START.isoformat(), **environment)
    assert code == 0
    assert "[CRITICAL] Cost of a doubled" in out
    assert len(receiver.taken) == 2
    write_warehouse(tmp_path, news[:1], routes)
    assert told(tmp_path, START + minutes(5), **environment)[1]["delivered"] == []
    write_warehouse(tmp_path, news, routes)
    delivered = told(tmp_path, START + minutes(30), **environment)[1]["delivered"]
    assert [one["event"] for one in delivered] == ["resolve"] * 3
    assert len({got.key for got in receiver.taken}) == len(receiver.taken) == 4


def test_a_webhook_is_signed_and_says_everything(tmp_path: Path, receiver: Receiver) -> None:
    whole = change("a", excess_usd="12.345678901234", owner="ml", body="Cache broke.")
    write_warehouse(tmp_path, [whole], [routed("webhook", secret_env="TEST_SECRET")])
    assert told(tmp_path, START, TEST_WEBHOOK=receiver.url, TEST_SECRET="hush")[0] == 0
    [got] = receiver.taken
    stated = dict(part.split("=") for part in got.headers["x-tokenhouse-signature"].split(","))
    expected = hmac.new(b"hush", stated["t"].encode() + b"." + got.body, hashlib.sha256)
    assert hmac.compare_digest(stated["v1"], expected.hexdigest())
    assert got.json["idempotency_key"] == got.key
    assert got.json["incident"]["excess_usd"] == "12.345678901234"
    assert got.json["incident"]["state_change_id"] == whole.state_change_id


def test_what_a_receiver_does_not_take_is_tried_again_and_exit_is_1_until_then(
    tmp_path: Path, receiver: Receiver
) -> None:
    write_warehouse(tmp_path, [change("a")], [routed("slack")])
    environment = {"TEST_SLACK": receiver.url}
    receiver.fault = lambda _: (429, {"Retry-After": "600"}, b"slow down")
    code, result = told(tmp_path, START, **environment)
    assert code == 1
    [undelivered] = result["undelivered"]
    assert undelivered["error"] == "HTTP 429: slow down"
    assert undelivered["next_try_at"] == "2026-11-18T10:10:00.000000Z"
    receiver.fault = lambda _: None
    assert told(tmp_path, START + minutes(9), **environment)[0] == 1
    assert len(receiver.got) == 1
    code, result = told(tmp_path, START + minutes(10), **environment)
    assert (code, len(result["delivered"])) == (0, 1)
    assert receiver.got[0].key == receiver.got[1].key
    assert receiver.got[0].body == receiver.got[1].body


def test_backoff_doubles_and_a_poison_message_stops_no_other(
    tmp_path: Path, receiver: Receiver
) -> None:
    bad = [change("bad"), change("bad", "update", START + minutes(1))]
    write_warehouse(tmp_path, [*bad, change("good")], [routed("slack")])
    environment = {"TEST_SLACK": receiver.url}

    def picky(got: Got) -> tuple[int, dict[str, str], bytes] | None:
        is_bad = b"incident-bad" in got.body
        return (400, {}, f"invalid_blocks {receiver.url}".encode()) if is_bad else None

    receiver.fault = picky
    code, result = told(tmp_path, START + minutes(2), **environment)
    assert code == 1
    assert [one["incident_id"] for one in result["delivered"]] == ["incident-good"]
    assert [one["is_refused"] for one in result["undelivered"]] == [True, True]
    now, waits = START + minutes(2), []
    for _ in range(4):
        again = dt.datetime.fromisoformat(result["undelivered"][0]["next_try_at"])
        waits.append((again - now).total_seconds())
        now = again
        code, result = told(tmp_path, now, **environment)
    assert waits == [30, 60, 120, 240]
    assert code == 1
    code, out, err = run(tmp_path, *at(now)[:3], **environment)
    assert "secret-path" not in out + err
    assert "refused: HTTP 400: invalid_blocks (secret)" in err
    for one in result["undelivered"]:
        assert run(tmp_path, "alerts", "--drop", one["key"])[0] == 0
    assert told(tmp_path, now, **environment)[0] == 0


def test_one_dead_receiver_holds_up_no_other_and_its_pages_go_first_when_it_is_back(
    tmp_path: Path, receiver: Receiver
) -> None:
    routes = [routed("slack"), routed("webhook")]
    news = [change(str(n), tier="watch", severity="info") for n in range(20)] + [change("page")]
    write_warehouse(tmp_path, news, routes)
    begun = time.monotonic()
    dead = {"TEST_SLACK": "http://no-such-host.invalid/x", "TEST_WEBHOOK": receiver.url}
    code, result = told(tmp_path, START, **dead)
    assert time.monotonic() - begun < 20
    assert code == 1
    assert len(receiver.taken) == 21
    assert sum(one["attempts"] for one in result["undelivered"]) == 1
    assert "secret" not in json.dumps(result)
    alive = {**dead, "TEST_SLACK": receiver.url}
    receiver.taken.clear()
    code, result = told(tmp_path, START + minutes(5), **alive)
    assert (code, len(receiver.taken)) == (0, 21)


def test_a_hanging_receiver_costs_one_timeout(tmp_path: Path, receiver: Receiver) -> None:
    write_warehouse(tmp_path, [change("a"), change("b")], [routed("slack")])

    def hang(_: Got) -> None:
        time.sleep(12)

    receiver.fault = hang
    code, result = told(tmp_path, START, TEST_SLACK=receiver.url)
    assert code == 1
    assert {one["error"] for one in result["undelivered"]} == {
        "no answer in time (ReadTimeout)",
        "",
    }


def test_an_unset_variable_is_said_and_nothing_is_lost(tmp_path: Path, receiver: Receiver) -> None:
    write_warehouse(tmp_path, [change("a")], [routed("slack")])
    code, _, err = run(tmp_path, "alerts", "--now", START.isoformat())
    assert code == 1
    assert "TEST_SLACK is not set" in err
    code, result = told(tmp_path, START, TEST_SLACK=receiver.url)
    assert (code, len(result["delivered"])) == (0, 1)


def test_a_dry_run_prints_and_leaves_no_trace(tmp_path: Path, receiver: Receiver) -> None:
    write_warehouse(tmp_path, [change("a")], [routed("slack"), routed("pagerduty")])
    environment = {"TEST_SLACK": receiver.url, "TEST_PAGERDUTY": "R0UT1NGKEY"}
    for _ in range(2):
        code, out, err = run(tmp_path, *at(START), "--dry-run", **environment)
        assert code == 0
        planned = json.loads(out)["planned"]
        assert [one["route_id"] for one in planned] == ["pagerduty", "slack"]
        assert planned[0]["payload"]["routing_key"] == "$TEST_PAGERDUTY"
        assert "secret-path" not in out + err
        assert "R0UT1NGKEY" not in out + err
    assert receiver.got == []
    assert not (tmp_path / "alerts").exists()


def test_without_routes_it_prints(tmp_path: Path) -> None:
    write_warehouse(tmp_path, [change("a")])
    code, out, _ = run(tmp_path, "alerts", "--now", START.isoformat())
    assert code == 0
    assert "[CRITICAL] Cost of a doubled" in out


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"channel": "pigeon"}, "channel 'pigeon' is none of"),
        ({"tier": "page|loud"}, "tier 'loud' is none of"),
        ({"escalate_to": "nobody"}, "escalate_to 'nobody' is no route"),
        ({"quiet_hours": "siesta"}, "quiet_hours 'siesta' is not in its seed"),
        ({"digest": "noon"}, "'noon' is no time of day"),
        ({"digest": "08:00 Mars/Base"}, "time zone 'Mars/Base' is not known"),
        ({"target_env": ""}, "slack needs target_env"),
        ({"quiet_hours": "always"}, "these windows never end"),
    ],
)
def test_a_wrong_seed_is_said_in_one_line(tmp_path: Path, row: dict[str, Any], said: str) -> None:
    quiet = [{"quiet_hours_id": "always", "start_time": "0:00", "end_time": "24:00"}]
    is_asked = row.get("quiet_hours") == "always"
    write_warehouse(tmp_path, [], [{**routed("slack"), **row}], quiet if is_asked else ())
    code, _, err = run(tmp_path, "alerts")
    assert code == 2
    assert said in err
    assert err.count("\n") == 1


def test_without_a_warehouse_or_incidents_it_says_what_to_do(tmp_path: Path) -> None:
    import duckdb

    code, _, err = run(tmp_path, "alerts")
    assert (code, "`make build` makes it" in err) == (2, True)
    duckdb.connect(str(tmp_path / "warehouse.duckdb")).close()
    code, _, err = run(tmp_path, "alerts")
    assert (code, "lacks alerts.alert_incidents" in err) == (2, True)


def test_a_damaged_outbox_is_said_and_left_alone(tmp_path: Path) -> None:
    write_warehouse(tmp_path, [change("a")])
    (tmp_path / "alerts").mkdir()
    (tmp_path / "alerts" / "outbox.sqlite").write_bytes(b"no database" * 100)
    code, _, err = run(tmp_path, "alerts")
    assert (code, "Put a backup in its place" in err) == (2, True)


def test_two_at_once_deliver_once(tmp_path: Path, receiver: Receiver) -> None:
    write_warehouse(tmp_path, [change(str(n)) for n in range(30)], [routed("slack")])

    def slow(_: Got) -> None:
        time.sleep(0.05)

    receiver.fault = slow
    racers = [start(tmp_path, *at(START), TEST_SLACK=receiver.url) for _ in range(3)]
    outputs = [racer.communicate(timeout=120) for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0, 0], outputs
    assert Counter(got.key for got in receiver.taken).most_common(1)[0][1] == 1
    assert len(receiver.taken) == 30


@pytest.mark.slow
def test_killed_at_any_point_nothing_is_lost_and_only_what_was_in_flight_repeats(
    tmp_path: Path, receiver: Receiver
) -> None:
    chance = random.Random(8)
    news = [
        change(str(n), event, START + minutes(n + m))
        for n in range(12)
        for m, event in enumerate(("trigger", "update", "resolve"))
    ]
    routes = [routed("slack"), routed("webhook"), routed("pagerduty")]
    environment = {
        "TEST_SLACK": receiver.url,
        "TEST_WEBHOOK": receiver.url,
        "TEST_PAGERDUTY": "key",
        "PAGERDUTY_EVENTS_URL": receiver.url,
    }
    data = tmp_path / "data"
    write_warehouse(data, news, routes)
    begun = time.monotonic()
    assert run(data, *at(LONG_AFTER), "--dry-run", **environment)[0] == 0
    start_up = time.monotonic() - begun

    def slow(_: Got) -> None:
        time.sleep(0.02)

    receiver.fault = slow
    kills = 0
    for attempt in range(40):
        process = start(data, *at(LONG_AFTER + minutes(attempt)), **environment)
        # while it starts, decides, sends or records
        time.sleep(start_up * chance.uniform(0.7, 1.5))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        kills += process.returncode == -signal.SIGKILL
        if process.returncode == 0:
            break
    code, _ = told(data, LONG_AFTER + minutes(60), **environment)
    assert code == 0
    times = Counter(got.key for got in receiver.taken)
    assert len(times) == 108
    assert kills >= 5
    assert sum(times.values()) - 108 <= kills
    order: dict[tuple[str, str], list[str]] = {}
    for got in receiver.taken:
        if b"event_action" in got.body:
            event = got.json
            order.setdefault(event["dedup_key"], []).append(event["event_action"])
    assert all(events[0] == "trigger" and events[-1] == "resolve" for events in order.values())
    bodies: dict[str, set[bytes]] = {}
    for got in receiver.taken:
        bodies.setdefault(got.key, set()).add(got.body)
    assert all(len(said) == 1 for said in bodies.values())
    code, result = told(data, LONG_AFTER + minutes(90), **environment)
    assert (code, result["delivered"]) == (0, [])
