"""One provider's API over HTTP: documented headers, patience, and errors a person can act on.

    TokenhouseError
    ├── UsageError   key missing or refused, unknown address or parameter   exit 2
    └── PullError    the API did not answer in time or not as documented    exit 1

The key is read from the environment, sent as a header, and appears in no message and no file;
answers to refused requests are not quoted because some repeat parts of the key.
"""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import httpx2
import orjson
import stamina

from ingest.errors import TokenhouseError, UsageError
from ingest.pulls.endpoints import Service
from ingest.pulls.waits import pause_after, retry_after

RETRIED = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529})


class PullError(TokenhouseError):
    """The API did not give what it documents; finished pages are kept for the next run."""


class UnknownParameterError(UsageError):
    """The API answered 400: it does not know, or does not take, a parameter."""


@dataclass(frozen=True)
class Patience:
    """How long to try.

    Attributes:
        attempts: requests for one page before giving up.
        first_wait: seconds before the second attempt; doubled each time, plus jitter.
        longest_wait: cap of that, in seconds.
        longest_stated_wait: a longer wait asked for by the API ends the pull instead.
        timeout: seconds without a byte before a request counts as failed.
        page_timeout: seconds for a whole page, however slowly it drips.
        jitter: up to so many seconds are added to each wait.
    """

    attempts: int = 7
    first_wait: float = 1.0
    longest_wait: float = 60.0
    longest_stated_wait: float = 300.0
    timeout: float = 60.0
    page_timeout: float = 600.0
    jitter: float = 1.0


class _TryAgain(Exception):
    """An answer worth another attempt, and the wait the API asked for."""

    def __init__(self, problem: str, wait: float | None = None) -> None:
        self.problem = problem
        self.wait = wait
        super().__init__(problem)


class Client:
    """Asks one service for pages.

    Args:
        service: the provider's API.
        patience: how long to try.
        tell: called with progress notes.

    Raises:
        UsageError: no usable key in the environment.
    """

    def __init__(
        self,
        service: Service,
        patience: Patience | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.service = service
        self.patience = patience or Patience()
        self.tell = tell
        self.base_url = base_url(service)
        self._http = httpx2.Client(
            headers={
                "accept": "application/json",
                "user-agent": "tokenhouse",
                **service.headers(key_of(service)),
            },
            timeout=self.patience.timeout,
            follow_redirects=False,
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def page(self, path: str, params: Sequence[tuple[str, str]]) -> tuple[bytes, dict[str, Any]]:
        """One page: its bytes as they came and the decoded object.

        Raises:
            UsageError: the key is refused, or the address or a parameter is unknown.
            PullError: no usable answer within the patience.
        """
        problem = ""
        # waits are slept here: a stated wait may be longer than any backoff
        try:
            for attempt in stamina.retry_context(
                on=self._worth_retrying,
                attempts=self.patience.attempts,
                timeout=None,
                wait_initial=self.patience.first_wait,
                wait_max=self.patience.longest_wait,
                wait_jitter=self.patience.jitter,
            ):
                with attempt:
                    return self._ask(path, params)
        except _TryAgain as error:
            problem = error.problem
            if error.wait is not None and error.wait > self.patience.longest_stated_wait:
                problem += f", and asks to wait {error.wait:,.0f} s"
        raise PullError(
            f"{self.service.name} {path}: {problem}. What was fetched is kept; run the same"
            " command again later and it goes on from there"
        )

    def _worth_retrying(self, error: Exception) -> bool | float:
        if not isinstance(error, _TryAgain):
            return False
        if error.wait is not None and error.wait > self.patience.longest_stated_wait:
            return False
        said = "" if error.wait is None else f", waiting {error.wait:g} s as asked"
        self.tell(f"{self.service.name}: {error.problem}{said}; trying again")
        return True if error.wait is None else error.wait

    def _ask(self, path: str, params: Sequence[tuple[str, str]]) -> tuple[bytes, dict[str, Any]]:
        answer, content = self._get(path, params)
        now = dt.datetime.now(dt.UTC)
        if answer.status_code in RETRIED:
            wait = retry_after(answer.headers, now)
            raise _TryAgain(f"the API answered HTTP {answer.status_code}", wait)
        self._refuse(answer.status_code, content, path)
        try:
            page = orjson.loads(content)
        except orjson.JSONDecodeError as error:
            raise _TryAgain("the page is cut off or no JSON") from error
        if not isinstance(page, dict) or not isinstance(page.get("data"), list):
            raise _TryAgain("the answer has no list named data")
        self._pause(pause_after(answer.headers, now))
        return content, page

    def _get(self, path: str, params: Sequence[tuple[str, str]]) -> tuple[httpx2.Response, bytes]:
        """The answer and its whole body."""
        deadline = time.monotonic() + self.patience.page_timeout
        body = bytearray()
        try:
            with self._http.stream("GET", self.base_url + path, params=list(params)) as answer:
                for piece in answer.iter_bytes():
                    body += piece
                    if time.monotonic() > deadline:
                        raise _TryAgain(f"no whole page in {self.patience.page_timeout:g} s")
        except httpx2.TimeoutException as error:
            raise _TryAgain(f"no answer within {self.patience.timeout:g} s") from error
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            raise _TryAgain(f"the connection failed ({type(error).__name__})") from error
        except httpx2.InvalidURL as error:
            raise UsageError(f"{self.service.base_variable} is no usable address") from error
        return answer, bytes(body)

    def _refuse(self, status: int, content: bytes, path: str) -> None:
        service = self.service
        if status in (401, 403):
            raise UsageError(
                f"{service.name} refused the key in {key_variable(service)} (HTTP {status})."
                f" {path} needs {service.key_kind}"
            )
        if status == 400:
            raise UnknownParameterError(
                f"{service.name} {path} does not take this request (HTTP 400):"
                f" {self._said(content)}"
            )
        if not 200 <= status < 300:
            raise UsageError(
                f"{service.name} {path} answered HTTP {status}. Check {service.base_variable}"
                f" (now {_without_secrets(self.base_url)})"
            )

    def _said(self, content: bytes) -> str:
        try:
            error = orjson.loads(content).get("error")
            text = str(error.get("message") if isinstance(error, dict) else error)
        except (orjson.JSONDecodeError, AttributeError):
            text = "no reason given"
        return " ".join(text.replace(key_of(self.service), "(key)").split())[:200]

    def _pause(self, seconds: float) -> None:
        if seconds > 0:
            wait = min(seconds, self.patience.longest_wait)
            self.tell(f"{self.service.name}: request limit used up, waiting {wait:g} s")
            time.sleep(wait)


def key_variable(service: Service) -> str | None:
    """The environment variable that holds the key, None if none does."""
    return next((name for name in service.key_variables if os.environ.get(name, "").strip()), None)


def key_of(service: Service) -> str:
    """The key from the environment.

    Raises:
        UsageError: there is none, or it cannot be sent as a header.
    """
    variable = key_variable(service)
    if variable is None:
        names = " or ".join(service.key_variables)
        raise UsageError(f"{names} is not set. {service.name} reports need {service.key_kind}")
    key = os.environ[variable].strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        raise UsageError(f"{variable} holds characters that no key has. Set it again")
    return key


def base_url(service: Service) -> str:
    """The service's address from the environment, with its version segment exactly once.

    Raises:
        UsageError: what the environment says is no http(s) address.
    """
    given = (os.environ.get(service.base_variable) or service.base_url).strip().rstrip("/")
    if not given.startswith(("https://", "http://")):
        raise UsageError(f"{service.base_variable} must start with https:// or http://")
    if given.endswith("/v1"):
        return given
    prefix = service.version.removesuffix("/v1")
    return given.removesuffix(prefix) + service.version


def _without_secrets(url: str) -> str:
    """The address without user name and password."""
    scheme, _, rest = url.partition("://")
    host, mark, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{mark}{path}"
