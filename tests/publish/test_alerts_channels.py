"""What each receiver gets: documented shapes, within limits, with nothing that acts by itself."""

from __future__ import annotations

import email
import email.policy
import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from publish.alerts.channels import mail, pagerduty, slack, webhook
from publish.alerts.errors import LaterError, RefusedError, UnconfiguredError
from publish.alerts.records import Change, Delivery
from publish.alerts.text import plain, usd
from tests.support.alert_factory import START, Receiver, change, receiving
from tests.support.smtp_server import MailServer, serving_mail

FULL = change(
    "a",
    tier="page",
    workload="chat|realtime|production",
    feature="chat",
    environment="production",
    owner="ml-platform",
    title="chat costs $41.20 more than expected",
    body="Cache hit share fell from 68% to 19%. Check prompt 2026.05.05-13 first.",
    runbook="docs/runbooks/cache_drop.md",
    kill_switch="flag chat_fallback",
    excess_usd=Decimal("41.203456789012"),
    rules="cache_drop,unit_cost",
    likely_cause="cache_share",
    linked_change="deploy 2026.05.05-13",
)


def delivery(told: Change = FULL, event: str = "trigger", **values: Any) -> Delivery:
    given = {"kind": event, "event": event, "target_env": "TEST_TARGET", **values}
    times = {"created_at": START, "due_at": START}
    return Delivery("chat", told.dedup_key, change=told, **times, **given)


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiving() as served:
        monkeypatch.setenv("TEST_TARGET", served.url)
        monkeypatch.setenv("PAGERDUTY_EVENTS_URL", served.url)
        yield served


@pytest.fixture
def mails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    with serving_mail(tmp_path) as served:
        monkeypatch.setenv("SSL_CERT_FILE", str(served.certificate))
        yield served


def test_slack_shows_severity_time_colour_and_what_to_do(receiver: Receiver) -> None:
    slack.send(delivery())
    [got] = receiver.taken
    assert got.json["text"] == "[CRITICAL] chat costs $41.20 more than expected"
    [attachment] = got.json["attachments"]
    assert attachment["color"] == "#d00000"
    section, fields, context = attachment["blocks"]
    assert section["text"]["text"] == FULL.body
    shown = [field["text"] for field in fields["fields"]]
    assert "*Severity*\ncritical (page)" in shown
    at = "<!date^1794996000^{date_short_pretty} {time}|2026-11-18 10:00 UTC>"
    assert f"*Time*\n{at}" in shown
    assert "*Excess so far*\n$41.20" in shown
    assert "*Owner*\nml-platform" in shown
    assert got.key in context["elements"][0]["text"]
    colors = {
        event: slack.payload(delivery(event=event))["attachments"][0]["color"]
        for event in ("update", "acknowledge", "resolve")
    }
    assert colors == {"update": "#d00000", "acknowledge": "#9b9b9b", "resolve": "#2eb886"}


def test_slack_stays_within_its_limits_and_mentions_nobody() -> None:
    hostile = replace(FULL, title="<!channel> & <@U1> " + "x" * 9000, body="<b>" * 9000)
    payload = slack.payload(delivery(hostile))
    text = json.dumps(payload)
    assert "<!channel" not in text
    assert "<@U1" not in text
    assert "<b" not in text
    for block in payload["attachments"][0]["blocks"]:
        assert len(block.get("text", {}).get("text", "")) <= 3000
        assert len(block.get("fields", [])) <= 10
        assert all(len(one["text"]) <= 2000 for one in block.get("fields", []))


def test_pagerduty_gets_one_dedup_key_and_three_actions(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_TARGET", "R0UT1NG")
    monkeypatch.setenv("TOKENHOUSE_RUNBOOKS_URL", "https://git.example.com/runbooks/")
    for event in ("trigger", "update", "acknowledge", "resolve"):
        pagerduty.send(delivery(event=event))
    sent = [got.json for got in receiver.taken]
    assert [one["event_action"] for one in sent] == ["trigger", "trigger", "acknowledge", "resolve"]
    assert {one["dedup_key"] for one in sent} == {"key-a"}
    assert {one["routing_key"] for one in sent} == {"R0UT1NG"}
    payload = sent[0]["payload"]
    assert payload["severity"] == "critical"
    assert payload["source"] == "chat|realtime|production"
    assert payload["timestamp"] == "2026-11-18T10:00:00.000000Z"
    assert payload["custom_details"]["excess_usd"] == "41.203456789012"
    assert payload["custom_details"]["kill_switch"] == "flag chat_fallback"
    assert payload["custom_details"]["idempotency_key"] == receiver.taken[0].key
    assert sent[0]["links"] == [
        {"href": "https://git.example.com/runbooks/cache_drop.md", "text": "Runbook"}
    ]


def test_keys_differ_by_route_kind_and_change_and_by_nothing_else() -> None:
    first = delivery()
    assert first.key == replace(first, attempts=3, error="x", due_at=START.replace(hour=3)).key
    others = [
        replace(first, route_id="other"),
        replace(first, kind="reminder"),
        replace(first, sequence="1"),
        delivery(replace(FULL, state_change_id="later")),
    ]
    assert len({first.key, *(other.key for other in others)}) == 5


@pytest.mark.parametrize(
    ("status", "error"),
    [(500, LaterError), (429, LaterError), (400, RefusedError), (302, RefusedError)],
)
def test_answers_tell_later_from_never(
    receiver: Receiver, status: int, error: type[Exception]
) -> None:
    receiver.fault = lambda _: (status, {"location": "/elsewhere"}, b"no")
    with pytest.raises(error, match=f"HTTP {status}: no"):
        webhook.send(delivery())
    assert len(receiver.got) == 1


def test_an_address_that_is_none_is_said_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("hooks.example.com/secret", "http://[::1/secret", "https:///secret"):
        monkeypatch.setenv("TEST_TARGET", text)
        with pytest.raises((UnconfiguredError, LaterError)) as raised:
            slack.send(delivery())
        assert "secret" not in str(raised.value)


def test_mail_goes_encrypted_with_a_stable_id(
    mails: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "TEST_TARGET",
        f"smtp://bot:p%40ss@localhost:{mails.port}?from=alerts@example.com&to=a@x.org,b@x.org",
    )
    mail.send(delivery(replace(FULL, title="two\r\nBcc: eve@x.org lines")))
    [(recipients, text)] = mails.mails
    assert mails.was_encrypted
    assert recipients == ["a@x.org", "b@x.org"]
    message = email.message_from_string(text, policy=email.policy.default)
    assert message["Subject"] == "[CRITICAL] two Bcc: eve@x.org lines"
    assert message["Bcc"] is None
    assert message["Message-ID"] == f"<{delivery().key}@example.com>"
    assert message["References"] == "<key-a@example.com>"
    assert "Kill switch: flag chat_fallback" in message.get_content()


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ({"RCPT": "550 nobody"}, RefusedError),
        ({"RCPT": "451 greylisted"}, LaterError),
        ({"AUTH": "535 no"}, RefusedError),
        ({"DATA": "421 busy"}, LaterError),
    ],
)
def test_mail_servers_tell_later_from_never(
    mails: MailServer,
    monkeypatch: pytest.MonkeyPatch,
    answers: dict[str, str],
    error: type[Exception],
) -> None:
    mails.answers = answers
    monkeypatch.setenv(
        "TEST_TARGET", f"smtp://bot:secret@localhost:{mails.port}?from=a@x.org&to=b@x.org"
    )
    with pytest.raises(error) as raised:
        mail.send(delivery())
    assert "secret" not in str(raised.value)
    assert mails.mails == []


def test_mail_is_not_sent_in_the_clear_unless_told(
    mails: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    mails.offers_tls = False
    address = f"smtp://localhost:{mails.port}?from=a@x.org&to=b@x.org"
    monkeypatch.setenv("TEST_TARGET", address)
    with pytest.raises(RefusedError, match="STARTTLS"):
        mail.send(delivery())
    monkeypatch.delenv("SSL_CERT_FILE")
    mails.offers_tls = True
    with pytest.raises(RefusedError, match="not trusted"):
        mail.send(delivery())
    assert mails.mails == []
    monkeypatch.setenv("TEST_TARGET", f"{address}&starttls=never")
    mail.send(delivery())
    assert len(mails.mails) == 1


@pytest.mark.parametrize("text", ["smtp://host", "mail.example.com", "smtp://h:x?from=a@b&to=c@d"])
def test_an_unusable_mail_address_shows_the_form(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("TEST_TARGET", text)
    with pytest.raises(UnconfiguredError, match="smtp://user:password@host:587"):
        mail.send(delivery())


def test_text_says_what_moved_since_when_and_what_to_do() -> None:
    assert plain(delivery(note="escalated from chat")).splitlines() == [
        "[CRITICAL] chat costs $41.20 more than expected",
        "Escalated from chat.",
        "Cache hit share fell from 68% to 19%. Check prompt 2026.05.05-13 first.",
        "Severity: critical (page)",
        "Time: 2026-11-18 10:00 UTC",
        "Workload: chat|realtime|production",
        "Owner: ml-platform",
        "Excess so far: $41.20",
        "Likely cause: cache_share",
        "Since change: deploy 2026.05.05-13",
        "Rules: cache_drop,unit_cost",
        "Runbook: docs/runbooks/cache_drop.md",
        "Kill switch: flag chat_fallback",
        f"incident incident-a · trigger · key {delivery(note='escalated from chat').key}",
    ]
    assert usd(Decimal("-1234.565")) == "-$1,234.56"
