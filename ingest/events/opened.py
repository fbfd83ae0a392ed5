"""Documents opened to flat rows: pages, nested context, other writers' shapes.

What a plain line of our own needs no Python for is in ``parse``; this is for the rest, and for
CSV and Parquet rows. Free text is never carried along: only known fields leave here.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from ingest.events.fields import LANGFUSE_MARKS, EventSource, squashed
from ingest.sources import Rejected, as_map, context_of, split_tags
from ingest.sources.evaluations import evaluations, holds_telemetry

Cells = dict[str, str]
_PAGES = ("data", "events", "scores", "changes", "results", "items")
_NESTED = ("properties", "attributes", "metadata", "context", "trace", "user")
# only these may say more than where a row belongs: other objects hold whatever their writer liked
_SAYS_MORE = ("properties", "attributes")
# written out, a number may be as long as its exponent says: this is far beyond what the lake keeps
_MAX_EXPONENT = 100
_MARKS = frozenset(map(squashed, LANGFUSE_MARKS))


def opened(source: EventSource, document: Any) -> Iterator[tuple[Cells | Rejected, Any]]:
    """The rows of a document, as text by field, or why there is none; each with its own part."""
    if isinstance(document, (list, tuple)):
        for item in document:
            yield from opened(source, item)
        return
    if not isinstance(document, Mapping):
        yield Rejected("malformed_json", value=str(document)[:200]), document
        return
    if holds_telemetry(document):
        for found, record in evaluations(document):
            if isinstance(found, Rejected):
                yield found, record
            else:
                yield canonical(source, found, "otel"), record
        return
    page = _page(source, document)
    if page is not None:
        for item in page:
            yield from opened(source, item)
        return
    yield canonical(source, _with_context(source, document)), document


def canonical(source: EventSource, record: Mapping[str, Any], dialect: str = "") -> Cells:
    """A flat record by field; of several spellings the preferred one that says something."""
    best: dict[str, tuple[int, str]] = {}
    for key, value in record.items():
        plain = squashed(str(key))
        field = source.by_key.get(plain)
        if field is None or (text := as_text(value)) is None:
            continue
        place = source.preference[plain]
        if field not in best or place < best[field][0]:
            best[field] = (place, text)
    cells = {field: text for field, (_, text) in best.items()}
    if "dialect" in source.by_key:
        is_theirs = any(squashed(str(key)) in _MARKS for key in record)
        cells["dialect"] = dialect or ("langfuse" if is_theirs else "own")
    return cells


def is_nested(cells: Mapping[str, Any]) -> bool:
    """Whether a table's row holds objects or lists, or columns that do as text."""
    if not cells.keys().isdisjoint(_NESTED):
        return True
    return any(isinstance(value, (Mapping, list)) for value in cells.values())


def as_text(value: Any) -> str | None:
    """A cell as text without loss, None where it says nothing."""
    match value:
        case None:
            text = ""
        case bool():
            text = "true" if value else "false"
        case Decimal():
            is_short = value.is_finite() and abs(value.adjusted()) <= _MAX_EXPONENT
            text = format(value, "f") if is_short else str(value)
        case dt.datetime():
            text = (value if value.tzinfo else value.replace(tzinfo=dt.UTC)).isoformat()
        case Mapping() | list() | tuple():
            text = json.dumps(value, default=str) if value else ""
        case _:
            text = str(value)
    return text.strip() or None


def _page(source: EventSource, document: Mapping[str, Any]) -> Iterable[Any] | None:
    """The rows a page holds; None where the document is a row itself."""
    for name in _PAGES:
        held = document.get(name)
        if isinstance(held, (list, tuple)) and not _says(source, source.at, document):
            return held
        # an envelope around one row
        if isinstance(held, Mapping) and not _says(source, source.what, document):
            return [held]
    return None


def _says(source: EventSource, field: str, record: Mapping[str, Any]) -> bool:
    return any(source.by_key.get(squashed(str(key))) == field for key in record)


def _with_context(source: EventSource, record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The record with what its nested objects say, where it does not say it itself."""
    flat = {key: value for key, value in record.items() if key not in _NESTED}
    maps = {name: as_map(record[name]) for name in _NESTED if name in record}
    flat |= {name: record[name] for name in _NESTED if name in record and not maps[name]}
    found: dict[str, Any] = {}
    for name in _SAYS_MORE:
        found |= canonical(source, maps.get(name, {})) if maps.get(name) else {}
    found.pop("dialect", None)
    if user := maps.get("user", {}).get("id"):
        found.setdefault("user_id", user)
    for field, value in context_of(*maps.values()).items():
        found.setdefault(field, value)
    stated = canonical(source, flat).keys()
    if isinstance(flat.get("tags"), (list, tuple)):
        flat["tags"] = split_tags(flat["tags"])
    return {**flat, **{name: value for name, value in found.items() if name not in stated}}
