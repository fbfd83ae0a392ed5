"""A local server that plays the documented report APIs of OpenAI, Anthropic and OpenRouter.

It checks what the real ones check: key headers, parameters, limits, grouping. ``faults`` are
answers given instead, one a request, until they are used up; ``asked`` logs every request.
"""

from __future__ import annotations

import datetime as dt
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

KEY = "sk-admin-never-print-me"
GROUPS = {
    "completions": {"project_id", "user_id", "api_key_id", "model", "batch", "service_tier"},
    "embeddings": {"project_id", "user_id", "api_key_id", "model"},
    "moderations": {"project_id", "user_id", "api_key_id", "model"},
    "images": {"project_id", "user_id", "api_key_id", "model", "size", "source"},
    "audio_speeches": {"project_id", "user_id", "api_key_id", "model"},
    "audio_transcriptions": {"project_id", "user_id", "api_key_id", "model"},
    "vector_stores": {"project_id"},
    "code_interpreter_sessions": {"project_id"},
    "file_search_calls": {"project_id", "user_id", "api_key_id", "vector_store_id"},
    "web_search_calls": {"project_id", "user_id", "api_key_id", "model", "context_level"},
    "costs": {"project_id", "line_item", "api_key_id"},
    "messages": {
        "account_id", "api_key_id", "context_window", "inference_geo", "model",
        "service_account_id", "service_tier", "workspace_id",
    },
    "cost_report": {"workspace_id", "description"},
}  # fmt: skip

Fault = Callable[[BaseHTTPRequestHandler], bool | None]


@dataclass
class Asked:
    """One request: path, parameters, headers."""

    path: str
    params: dict[str, list[str]]
    headers: dict[str, str]


@dataclass
class ReportApi:
    """What the API knows and how it misbehaves.

    Attributes:
        results: report name -> day -> the results of that day's bucket.
        page_days: buckets on a page at most.
        faults: answers given instead of the next ones; one that returns True lets the real
            answer follow.
        asked: every request in order.
        knows_speed: whether ``group_by[]=speed`` is taken.
        forgotten: cursors that are no longer known.
    """

    results: dict[str, dict[str, list[dict[str, Any]]]] = field(default_factory=dict)
    page_days: int = 31
    faults: list[Fault] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    knows_speed: bool = False
    forgotten: set[str] = field(default_factory=set)
    url: str = ""

    def asked_for(self, name: str) -> list[Asked]:
        """The requests for one report."""
        return [one for one in self.asked if one.path.endswith(f"/{name}")]


@contextmanager
def playing(api: ReportApi) -> Iterator[ReportApi]:
    """The API on a free local port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            params = parse_qs(url.query)
            asked = Asked(url.path, params, {k.lower(): v for k, v in self.headers.items()})
            api.asked.append(asked)
            if api.faults and not api.faults.pop(0)(self):
                return
            answer(self, *_answer(api, asked))

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:  # a client that hangs up is part of the play
            pass

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    api.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield api
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ReportApi]:
    """The API, and an environment that points to it with the right keys."""
    for name in ("ANTHROPIC_ADMIN_API_KEY", "OPENROUTER_API_KEY", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    with playing(ReportApi()) as served:
        monkeypatch.setenv("OPENAI_BASE_URL", served.url + "/v1")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", served.url)
        monkeypatch.setenv("OPENROUTER_BASE_URL", served.url + "/api/v1")
        monkeypatch.setenv("OPENAI_ADMIN_KEY", KEY)
        monkeypatch.setenv("ANTHROPIC_ADMIN_KEY", KEY)
        monkeypatch.setenv("OPENROUTER_MANAGEMENT_KEY", KEY)
        yield served


def answer(
    handler: BaseHTTPRequestHandler,
    status: int,
    body: object,
    headers: dict[str, str] | None = None,
) -> None:
    """Send an answer; bytes as they are, anything else as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    handler.send_response(status)
    for name, value in (headers or {}).items():
        handler.send_header(name, value)
    handler.send_header("content-length", str(len(raw)))
    handler.end_headers()
    handler.wfile.write(raw)


def status(code: int, headers: dict[str, str] | None = None) -> Fault:
    """An error answer that repeats part of the key, as real ones do."""
    body = {"error": {"message": f"no good: {KEY[:8]}*** / {KEY}", "type": "error"}}
    return lambda handler: answer(handler, code, body, headers)


def body(raw: bytes) -> Fault:
    """A page of these bytes."""
    return lambda handler: answer(handler, 200, raw)


def slow(seconds: float) -> Fault:
    """Nothing for some seconds, then the page."""

    def fault(_: BaseHTTPRequestHandler) -> bool:
        time.sleep(seconds)
        return True

    return fault


def hangs_up(handler: BaseHTTPRequestHandler) -> None:
    """Half of a page, then the connection is gone."""
    handler.send_response(200)
    handler.send_header("content-length", "5000")
    handler.end_headers()
    handler.wfile.write(b'{"data": [')
    handler.close_connection = True


def _answer(api: ReportApi, asked: Asked) -> tuple[int, object]:
    if asked.path == "/api/v1/activity":
        return _activity(api, asked)
    for prefix in ("/v1/organization/usage/", "/v1/organization/"):
        name = asked.path.removeprefix(prefix)
        if name != asked.path and name in GROUPS:
            return _openai(api, name, asked)
    for prefix in ("/v1/organizations/usage_report/", "/v1/organizations/"):
        name = asked.path.removeprefix(prefix)
        if name != asked.path and name in GROUPS:
            return _anthropic(api, name, asked)
    return 404, {"error": {"message": "no such path"}}


def _openai(api: ReportApi, name: str, asked: Asked) -> tuple[int, object]:
    if asked.headers.get("authorization") != f"Bearer {KEY}":
        return 401, {"error": {"message": f"Incorrect API key provided: {KEY[:8]}***"}}
    params = asked.params
    limit = int(params["limit"][0])
    if limit > (180 if name == "costs" else 31) or params["bucket_width"] != ["1d"]:
        return 400, {"error": {"message": "limit out of range"}}
    if set(params.get("group_by", [])) - GROUPS[name]:
        return 400, {"error": {"message": "unknown group_by"}}
    first, end = (_day_of(params[part][0]) for part in ("start_time", "end_time"))
    return _page(
        api, name, asked, (first, end),
        lambda day, results: {
            "object": "bucket",
            "start_time": _epoch(day),
            "end_time": _epoch(day + dt.timedelta(days=1)),
            "results": results,
        },
    )  # fmt: skip


def _anthropic(api: ReportApi, name: str, asked: Asked) -> tuple[int, object]:
    if asked.headers.get("x-api-key") != KEY:
        return 401, {"error": {"message": "invalid x-api-key"}}
    if asked.headers.get("anthropic-version") != "2023-06-01":
        return 400, {"error": {"message": "anthropic-version: header is required"}}
    params = asked.params
    if int(params["limit"][0]) > 31 or params["bucket_width"] != ["1d"]:
        return 400, {"error": {"message": "limit out of range"}}
    known = GROUPS[name] | ({"speed"} if api.knows_speed else set())
    if set(params.get("group_by[]", [])) - known:
        return 400, {"error": {"message": "group_by: unknown value"}}
    first, end = (
        dt.date.fromisoformat(params[part][0].removesuffix("T00:00:00Z"))
        for part in ("starting_at", "ending_at")
    )
    return _page(
        api, name, asked, (first, end),
        lambda day, results: {
            "starting_at": f"{day}T00:00:00Z",
            "ending_at": f"{day + dt.timedelta(days=1)}T00:00:00Z",
            "results": results,
        },
    )  # fmt: skip


def _activity(api: ReportApi, asked: Asked) -> tuple[int, object]:
    if asked.headers.get("authorization") != f"Bearer {KEY}":
        return 401, {"error": {"message": "No auth credentials found", "code": 401}}
    day = asked.params["date"][0]
    return 200, {"data": api.results.get("activity", {}).get(day, [])}


def _page(
    api: ReportApi,
    name: str,
    asked: Asked,
    days: tuple[dt.date, dt.date],
    bucket: Callable[[dt.date, list[dict[str, Any]]], dict[str, Any]],
) -> tuple[int, object]:
    first, end = days
    token = asked.params.get("page", [None])[0]
    if token in api.forgotten:
        return 400, {"error": {"message": "page: unknown cursor"}}
    size = min(int(asked.params["limit"][0]), api.page_days)
    start = dt.date.fromisoformat(token.removeprefix("page_")) if token else first
    told = [start + dt.timedelta(days=n) for n in range(min(size, (end - start).days))]
    rest = start + dt.timedelta(days=len(told))
    known = api.results.get(name, {})
    return 200, {
        "object": "page",
        "data": [bucket(day, known.get(day.isoformat(), [])) for day in told],
        "has_more": rest < end,
        "next_page": f"page_{rest}" if rest < end else None,
    }


def _epoch(day: dt.date) -> int:
    return int(dt.datetime.combine(day, dt.time(), dt.UTC).timestamp())


def _day_of(epoch: str) -> dt.date:
    return dt.datetime.fromtimestamp(int(epoch), dt.UTC).date()
