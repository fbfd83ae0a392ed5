"""Any HTTP receiver: the whole incident as JSON, signed.

    Idempotency-Key: <key>               the same at every attempt
    X-Tokenhouse-Signature: t=<unix>,v1=<hex>

v1 is the HMAC-SHA256, with the key in the variable that secret_env names, of "<unix>." and the
body. A receiver refuses an old t, and compares in constant time.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any

from publish.alerts.channels.environment import value_of
from publish.alerts.channels.http import post
from publish.alerts.records import Delivery, stamp
from publish.alerts.text import headline, plain

VERSION = 1


def payload(delivery: Delivery) -> dict[str, Any]:
    """The same bytes at every attempt."""
    return {
        "version": VERSION,
        "idempotency_key": delivery.key,
        "route_id": delivery.route_id,
        "kind": delivery.kind,
        "event": delivery.event,
        "created_at": stamp(delivery.created_at),
        "headline": headline(delivery),
        "note": delivery.note,
        "text": plain(delivery),
        "incident": None if delivery.lines else delivery.change.as_json(),
        "digest": [line.as_json() for line in delivery.lines],
    }


def send(delivery: Delivery) -> None:
    """Posts and signs it.

    Raises:
        SendError: the receiver did not take it.
    """
    url = value_of(delivery.target_env)
    body = json.dumps(payload(delivery)).encode()
    headers = {"idempotency-key": delivery.key}
    secret = value_of(delivery.secret_env) if delivery.secret_env else ""
    if secret:
        headers["x-tokenhouse-signature"] = signature(secret, body, int(time.time()))
    post(url, body, headers, delivery.target_env, secrets=[secret])


def signature(secret: str, body: bytes, at: int) -> str:
    """What the signature header says of a body at a time."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={signed.hexdigest()}"
