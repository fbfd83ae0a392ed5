"""How long an API asks to be left alone, from the headers of its answer."""

from __future__ import annotations

import datetime as dt
import email.utils
import re
from collections.abc import Mapping

_SPANS = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_RESETS = (
    "x-ratelimit-reset-requests",
    "anthropic-ratelimit-requests-reset",
    "x-ratelimit-reset",
    "ratelimit-reset",
)
_REMAINING = (
    "x-ratelimit-remaining-requests",
    "anthropic-ratelimit-requests-remaining",
    "x-ratelimit-remaining",
    "ratelimit-remaining",
)


def retry_after(headers: Mapping[str, str], now: dt.datetime) -> float | None:
    """Seconds to wait before asking again, None where the answer does not say.

    ``Retry-After`` counts first (seconds or an HTTP date), then the reset of the request limit.
    """
    if (stated := headers.get("retry-after-ms")) and _is_number(stated):
        return float(stated) * 0.001
    if stated := headers.get("retry-after"):
        return float(stated) if _is_number(stated) else _until_http_date(stated, now)
    return _first_reset(headers, now)


def pause_after(headers: Mapping[str, str], now: dt.datetime) -> float:
    """Seconds to wait after a good answer: until the reset when no request is left, else none."""
    if any(headers.get(name, "").strip() == "0" for name in _REMAINING):
        return _first_reset(headers, now) or 0.0
    return 0.0


def _first_reset(headers: Mapping[str, str], now: dt.datetime) -> float | None:
    found = (_until(headers[name].strip(), now) for name in _RESETS if name in headers)
    return next((seconds for seconds in found if seconds is not None), None)


def _until(stated: str, now: dt.datetime) -> float | None:
    """``6m0s`` and ``20ms`` as OpenAI, RFC 3339 as Anthropic, epoch ms as OpenRouter states."""
    if _is_number(stated):
        number = float(stated)
        if number > 1e11:
            number = number * 0.001
        return max(0.0, number - now.timestamp()) if number > 1e9 else number
    spans = _SPANS.findall(stated)
    if spans and "".join(count + unit for count, unit in spans) == stated:
        return sum(float(count) * _SECONDS[unit] for count, unit in spans)
    try:
        at = dt.datetime.fromisoformat(stated)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=dt.UTC)
    return max(0.0, (at - now).total_seconds())


def _until_http_date(stated: str, now: dt.datetime) -> float | None:
    try:
        at = email.utils.parsedate_to_datetime(stated)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=dt.UTC)
    return max(0.0, (at - now).total_seconds())


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\d+(\.\d+)?", text.strip()) is not None
