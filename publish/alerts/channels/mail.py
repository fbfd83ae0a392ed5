"""E-mail over SMTP, with STARTTLS unless the address says otherwise.

The variable holds all of it:

    smtp://user:password@host:587?from=alerts@example.com&to=oncall@example.com,team@example.com

`smtps://` speaks TLS from the first byte; `&starttls=never` is for a relay on this machine. The
Message-ID is made of the idempotency key, so that mail systems drop a repeat.
"""

from __future__ import annotations

import email.utils
import smtplib
import ssl
import sys
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit

from publish.alerts.channels.environment import value_of
from publish.alerts.errors import LaterError, RefusedError, UnconfiguredError
from publish.alerts.records import DIGEST, Delivery
from publish.alerts.text import headline, plain, shortened

SECONDS = 20
SUBJECT = 200


@dataclass(frozen=True)
class Mailbox:
    """Where mail goes, and through whom."""

    host: str
    port: int
    user: str
    password: str
    sender: str
    recipients: tuple[str, ...]
    security: str


def payload(delivery: Delivery) -> str:
    """The message without its addresses."""
    return _message(delivery, "example.invalid").as_string()


def send(delivery: Delivery) -> None:
    """Sends it.

    Raises:
        SendError: the server took it for no recipient.
    """
    box = mailbox(value_of(delivery.target_env), delivery.target_env)
    message = _message(delivery, box.sender.rpartition("@")[2])
    message["From"] = box.sender
    message["To"] = ", ".join(box.recipients)
    try:
        _deliver(box, message)
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        kind = LaterError if all(400 <= code < 500 for code in codes) else RefusedError
        raise kind(f"recipients refused ({_listed(codes)})") from error
    except smtplib.SMTPNotSupportedError as error:
        raise RefusedError("the server offers no STARTTLS or no login") from error
    except smtplib.SMTPResponseException as error:
        is_later = 400 <= error.smtp_code < 500
        kind = LaterError if is_later else RefusedError
        raise kind(f"SMTP {error.smtp_code} ({type(error).__name__})") from error
    except ssl.SSLCertVerificationError as error:
        raise RefusedError("the server's certificate is not trusted") from error
    except (smtplib.SMTPException, OSError) as error:
        raise LaterError(f"the connection failed ({type(error).__name__})") from error


def mailbox(stated: str, variable: str) -> Mailbox:
    """Reads the address.

    Raises:
        UnconfiguredError: it is not one of ours.
    """
    form = "smtp://user:password@host:587?from=…&to=…"
    try:
        url = urlsplit(stated)
        port = url.port
    except ValueError as error:
        raise UnconfiguredError(f"{variable}: write it as {form}") from error
    asked = {name: values[-1].strip() for name, values in parse_qs(url.query).items()}
    recipients = tuple(part.strip() for part in asked.get("to", "").split(",") if part.strip())
    is_usable = url.hostname and url.scheme in ("smtp", "smtps") and recipients
    if not is_usable or "@" not in asked.get("from", ""):
        raise UnconfiguredError(f"{variable}: write it as {form}")
    security = "tls" if url.scheme == "smtps" else "starttls"
    if security == "starttls" and asked.get("starttls") == "never":
        security = "none"
    return Mailbox(
        host=url.hostname or "",
        port=port or (465 if security == "tls" else 587),
        user=unquote(url.username or ""),
        password=unquote(url.password or ""),
        sender=asked["from"],
        recipients=recipients,
        security=security,
    )


def _message(delivery: Delivery, domain: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = shortened(headline(delivery), SUBJECT)
    message["Date"] = email.utils.format_datetime(delivery.created_at)
    message["Message-ID"] = f"<{delivery.key}@{domain}>"
    message["X-Idempotency-Key"] = delivery.key
    message["Auto-Submitted"] = "auto-generated"
    if delivery.kind != DIGEST:  # one thread an incident
        message["References"] = f"<{_safe(delivery.dedup_key)}@{domain}>"
    message.set_content(plain(delivery))
    return message


def _deliver(box: Mailbox, message: EmailMessage) -> None:
    context = ssl.create_default_context()
    if box.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            box.host, box.port, timeout=SECONDS, context=context
        )
    else:
        server = smtplib.SMTP(box.host, box.port, timeout=SECONDS)
    try:
        if box.security == "starttls":
            server.starttls(context=context)
        if box.user:
            server.login(box.user, box.password)
        refused = server.send_message(message, to_addrs=list(box.recipients))
    finally:
        server.close()
    if refused:  # taken for the others: sending again would tell them twice
        codes = _listed([code for code, _ in refused.values()])
        print(f"email: {len(refused)} of {len(box.recipients)} refused ({codes})", file=sys.stderr)


def _safe(text: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "-_." else "-" for sign in text)


def _listed(codes: list[int]) -> str:
    return ", ".join(str(code) for code in sorted(set(codes)))
