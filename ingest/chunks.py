"""Looking into a chunk file again: which keys it uses, which lines were refused and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from ingest.fields import KNOWN_KEYS
from ingest.usage import USAGE_KEYS, keys_in

SAMPLED_LINES = 200


@dataclass(frozen=True)
class Refusal:
    """Why a line cannot land: reason code, field, value, and the line itself."""

    reason: str
    field: str | None
    value: str | None
    raw_text: str


def sampled_keys(chunk: Path) -> tuple[set[str], set[str]]:
    """Known keys of the first lines and of their usage objects; the parse finds later ones."""
    keys: set[str] = set()
    usage_keys: set[str] = set()
    with chunk.open("rb") as lines:
        for _, line in zip(range(SAMPLED_LINES), lines, strict=False):
            try:
                record = orjson.loads(line)
            except orjson.JSONDecodeError:
                continue
            if isinstance(record, dict):
                keys |= record.keys()
                usage_keys |= keys_in(record.get("usage"))
    return keys & set(KNOWN_KEYS), usage_keys & USAGE_KEYS


def lines_at(chunk: Path, rows: Sequence[int]) -> dict[int, str]:
    """The text of lines by their 0-based number."""
    wanted = set(rows)
    with chunk.open("rb") as lines:
        return {
            row: line.removesuffix(b"\n").decode("utf-8", "backslashreplace")
            for row, line in enumerate(lines)
            if row in wanted
        }


def refusal(line: str, reason: str, field: str | None, value: str | None) -> Refusal:
    """The final word on a refused line.

    The parser sees a line without any known key as empty; only its text tells whether it is no
    object at all or an object of something else. Markers give back the text they stand for.
    """
    if line.startswith('{"_reject"'):
        return Refusal(reason, field or None, None, value or "")
    if reason == "malformed_json" and _is_object(line):
        return Refusal("missing_field", "timestamp", None, line)
    return Refusal(reason, field or None, value, line)


def _is_object(line: str) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False
