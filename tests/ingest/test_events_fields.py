"""What a product event or a change may say, and what is refused, with line, field and value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ingest.events.fields import CHANGE_TYPES
from tests.support.events import AT, EventLake, change, counts, event


@pytest.fixture
def lake(tmp_path: Path) -> EventLake:
    return EventLake(tmp_path)


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ({"event_name": None}, ("missing_field", "event_name", None)),
        ({"event_name": ""}, ("missing_field", "event_name", None)),
        ({"occurred_at": None}, ("missing_field", "occurred_at", None)),
        ({"occurred_at": 0}, ("bad_timestamp", "occurred_at", "0")),
        ({"occurred_at": 946684800}, ("impossible_time", "occurred_at", "946684800")),
        ({"observed_at": "soon"}, ("bad_timestamp", "observed_at", "soon")),
        ({"value": "abc"}, ("wrong_type", "value", "abc")),
        ({"value": float("nan")}, ("wrong_type", "value", "NaN")),
        ({"value": float("-inf")}, ("wrong_type", "value", "-Infinity")),
        ({"value": "0x10"}, ("wrong_type", "value", "0x10")),
        ({"value": "1,000"}, ("wrong_type", "value", "1,000")),
        ({"value": {"n": 1}}, ("wrong_type", "value", '{"n":1}')),
        ({"value": 1e30}, ("absurd_value", "value", "1e+30")),
        ({"task_id": {"id": 1}}, ("wrong_type", "task_id", '{"id":1}')),
        ({"task_id": "x" * 257}, ("wrong_type", "task_id", "x" * 200)),
        ({"is_revoked": "maybe"}, ("wrong_type", "is_revoked", "maybe")),
    ],
)  # fmt: skip
def test_what_cannot_land_waits_with_its_reason(
    lake: EventLake, said: dict[str, Any], refusal: tuple[Any, ...]
) -> None:
    result = lake.put("a.ndjson", event("ok"), event("bad", **said | {
        name: None for name, value in said.items() if value is None
    }))  # fmt: skip
    assert counts(result) == (2, 1, 0, 1)
    assert lake.refused() == [(2, *refusal)]
    assert lake.rows("event_id") == [("ok",)]


@pytest.mark.parametrize("field", ["occurred_at", "observed_at"])
@pytest.mark.parametrize(
    ("time", "reason"),
    [
        ("2026-10-05T10:00:00", "bad_timestamp"),
        ("2026-10-05T10:00:00+99:00", "bad_timestamp"),
        ("2026-10-05T10:00:00-15:00", "bad_timestamp"),
        ("2026-10-05 10:00:00 Europe/Berlin", "bad_timestamp"),
        ("2026-02-30T10:00:00Z", "bad_timestamp"),
        ("2026-10-05", "bad_timestamp"),
        ("infinity", "bad_timestamp"),
        ("1999-01-01T00:00:00Z", "impossible_time"),
        ("2199-01-01T00:00:00Z", "impossible_time"),
    ],
)
def test_a_time_needs_its_zone_and_must_be_possible(
    lake: EventLake, field: str, time: str, reason: str
) -> None:
    lake.put("a.ndjson", event(**{field: time}))
    assert lake.refused() == [(1, reason, field, time)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"not json", "malformed_json"),
        (b'{"event_id": "e9"', "malformed_json"),
        (b"42", "malformed_json"),
        (b"null", "malformed_json"),
        (b'"text"', "malformed_json"),
        (b"[]]", "malformed_json"),
        (b'{"event_name": "a\x00b"}', "malformed_json"),
        (b'{"event_name": "\xff"}', "invalid_utf8"),
        (b'{"event_id": "\\ud800", "event_name": "x"}', "malformed_json"),
        (b'{"resourceLogs": []}', "not_an_evaluation"),
        (b"{" * 3000, "malformed_json"),
    ],
)
def test_lines_that_are_no_events_do_not_touch_their_neighbours(
    lake: EventLake, line: bytes, reason: str
) -> None:
    result = lake.put("a.ndjson", event("e1"), line, event("e2"), b"", event("e3"))
    assert counts(result) == (4, 3, 0, 1)
    assert [row[:2] for row in lake.refused()] == [(2, reason)]
    assert lake.rows("event_id, source_line") == [("e1", 1), ("e2", 3), ("e3", 5)]


def test_an_escaped_nul_is_refused_in_an_id(lake: EventLake) -> None:
    lake.put("a.ndjson", event(event_name="x\0y"))
    assert [row[:3] for row in lake.refused()] == [(1, "wrong_type", "event_name")]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("0.1", "0.100000000000"),
        ("-3", "-3.000000000000"),
        ("1e-7", "0.000000100000"),
        ('"2.50"', "2.500000000000"),
        ("true", "1.000000000000"),
        ('"False"', "0.000000000000"),
        # more digits than a double keeps
        ("123456789012345.123456789012", "123456789012345.123456789012"),
        ("100000000000.0000001", "100000000000.000000100000"),
        ("12345678901234567890123456", "12345678901234567890123456.000000000000"),
        ("null", None),
        ('""', None),
    ],
)
def test_a_value_is_kept_to_the_digit(lake: EventLake, written: str, kept: str | None) -> None:
    lake.put("a.ndjson", json.dumps(event(value=0)).replace(": 0", f": {written}"))
    assert lake.rows("cast(value as varchar)") == [(kept,)]


@pytest.mark.parametrize(
    "said",
    [
        {"event_name": "x", "occurred_at": AT, "task_id": "t", "observed_at": AT},
        {"event": "x", "event_time": AT, "task": "t", "known_at": AT},
        {"name": "x", "timestamp": AT, "taskId": "t", "receivedAt": AT},
        {"type": "x", "time": 1791194400, "task_id": "t", "updated_at": 1791194400000},
        {"Event-Name": "x", "OccurredAt": AT, "TASK_ID": "t", "KnownAt": AT},
        {"eventType": "x", "createdAt": AT, "properties": {"task_id": "t"}, "recordedAt": AT},
    ],
)
def test_a_field_is_found_under_its_spellings(lake: EventLake, said: dict[str, Any]) -> None:
    lake.put("a.ndjson", said | {"id": "e"})
    columns = "event_id, event_name, cast(occurred_at as text), task_id, cast(observed_at as text)"
    assert lake.rows(columns) == [("e", "x", "2026-10-05 10:00:00+00", "t",
                                   "2026-10-05 10:00:00+00")]  # fmt: skip


def test_every_join_key_and_the_scope_are_kept(lake: EventLake) -> None:
    names = ["task_id", "operation_id", "request_id", "run_id", "trace_id", "session_id"]
    names += ["tenant_id", "feature", "workflow_id"]
    lake.put("a.ndjson", event(**{name: f"my-{name}" for name in names}))
    assert lake.rows(", ".join(names)) == [tuple(f"my-{name}" for name in names)]


def test_people_and_prose_do_not_land(lake: EventLake) -> None:
    prose = "I am ann@example.com and I am not amused. " * 5
    lake.put(
        "a.ndjson",
        event("e1", user_id="ann", comment=prose, label=prose, tags={"plan": "pro", "note": prose,
              "comment": "meh", "mail": "ann@example.com"}),
        event("e2", user={"id": "ann", "name": "Ann"}, metadata={"tenant": "acme", "text": "hi"}),
        event("e3", user_id="ann", label="ann@example.com", comment="secret", value="x"),
    )  # fmt: skip
    # HMAC-SHA256('secret', 'ann'), computed with openssl
    ann = "aad4e6199b77de3305e568999486a8be"
    rows = lake.rows("event_id, label, tags, tenant_id, user_id_hash")
    assert [row[:4] for row in rows] == [
        ("e1", None, '{"plan":"pro"}', None),
        ("e2", None, None, "acme"),
    ]
    assert {row[4] for row in rows} == {ann}
    everything = str(lake.rows(where="true")) + str(lake.quarantine("*"))
    assert not any(word in everything for word in ("ann@", "amused", "secret", '"ann"', "meh"))


def test_changes_are_of_known_kinds(lake: EventLake) -> None:
    words = ["Deployment", "prompt change", "routing-policy", "pricing", "settings", "flag",
             "model_upgrade", "misc"]  # fmt: skip
    rows = [change(change_id=f"c{n}", change_type=word) for n, word in enumerate(words)]
    refused = change(change_id="bad", change_type="frobnicated")
    assert counts(lake.put("a.ndjson", *rows, refused, source="changes")) == (9, 8, 0, 1)
    found = lake.rows("change_type", source="changes")
    assert [kind for (kind,) in found] == list(CHANGE_TYPES)
    assert lake.refused() == [(9, "unknown_value", "change_type", "frobnicated")]


def test_a_change_says_where_and_what(lake: EventLake) -> None:
    lake.put(
        "a.ndjson",
        {"id": "c1", "type": "prompt", "deployedAt": AT, "feature": "chat", "env": "prod",
         "team": "apps", "workload_class": "online", "workflow": "w", "tenant": "acme",
         "provider": "OpenAI", "model": "gpt-4o", "to_version": "v2", "from_version": "v1",
         "commit": "abc123", "description": "made it nicer", "author": "ann@example.com"},
        {"kind": "deploy", "timestamp": AT, "deploy_version": 7, "url": "https://x/7?by=ann@b.org"},
        source="changes",
    )  # fmt: skip
    columns = "change_type, feature, environment, team, workload_class, workflow_id, tenant_id"
    columns += ", provider, model, version, previous_version, reference"
    scoped = ("chat", "prod", "apps", "online", "w", "acme", "openai", "gpt-4o", "v2", "v1")
    assert lake.rows(columns, source="changes") == [
        ("prompt_version", *scoped, "abc123"),
        ("deploy", *[None] * 8, "7", None, "https://x/7?by=[e-mail]"),
    ]
    everything = str(lake.rows(where="true", source="changes"))
    assert "nicer" not in everything
    # a change without an id lands once, however often it is said
    again = {"type": "release", "time": AT, "version": "7", "link": "https://x/7?by=ann@b.org"}
    assert lake.put("b.ndjson", again, source="changes").rows_duplicate == 1
