"""One POST: no redirects, no retries, a deadline for the whole answer."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping, Sequence

import httpx2

from ingest.pulls.waits import retry_after
from publish.alerts.errors import LaterError, RefusedError, UnconfiguredError

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
WHOLE_SECONDS = 20.0
ANSWER_BYTES = 4096
QUOTED = 160
LATER = frozenset({408, 409, 423, 425, 429})


def post(
    url: str, body: bytes, headers: Mapping[str, str], variable: str, secrets: Sequence[str] = ()
) -> None:
    """Posts JSON and returns when the receiver has taken it.

    Args:
        url: where to.
        body: the JSON.
        headers: beside content type and user agent.
        variable: the environment variable that holds the address, for messages.
        secrets: what must not be quoted from an answer.

    Raises:
        LaterError: no answer, or one that asks to come again.
        RefusedError: the receiver does not take it.
        UnconfiguredError: the variable holds no address.
    """
    if not url.startswith(("https://", "http://")):
        raise UnconfiguredError(f"{variable} holds no http(s) address")
    status, answer, answer_headers = _exchange(url, body, headers, variable)
    if 200 <= status < 300:
        return
    said = _quoted(answer, [url, *secrets])
    problem = f"HTTP {status}{': ' if said else ''}{said}"
    if status in LATER or status >= 500:
        raise LaterError(problem, retry_after(answer_headers, dt.datetime.now(dt.UTC)))
    raise RefusedError(problem)


def _exchange(
    url: str, body: bytes, headers: Mapping[str, str], variable: str
) -> tuple[int, bytes, Mapping[str, str]]:
    deadline = time.monotonic() + WHOLE_SECONDS
    sent = {"content-type": "application/json", "user-agent": "tokenhouse", **headers}
    timeout = httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
    answer = b""
    try:
        with (
            httpx2.Client(timeout=timeout, follow_redirects=False) as client,
            client.stream("POST", url, content=body, headers=sent) as response,
        ):
            status = response.status_code
            if 200 <= status < 300:  # taken, whatever becomes of the rest of the answer
                return status, answer, response.headers
            for piece in response.iter_bytes():
                answer += piece
                if len(answer) > ANSWER_BYTES or time.monotonic() > deadline:
                    break
            return status, answer, response.headers
    except httpx2.TimeoutException as error:
        raise LaterError(f"no answer in time ({type(error).__name__})") from error
    except httpx2.InvalidURL as error:
        raise UnconfiguredError(f"{variable} holds no http(s) address") from error
    except (httpx2.TransportError, httpx2.DecodingError, OSError) as error:
        raise LaterError(f"the connection failed ({type(error).__name__})") from error


def _quoted(answer: bytes, secrets: Sequence[str]) -> str:
    text = " ".join(answer.decode("utf-8", "replace").split())
    for secret in secrets:
        text = text.replace(secret, "(secret)") if secret else text
    return "".join(sign for sign in text[:QUOTED] if sign.isprintable())
