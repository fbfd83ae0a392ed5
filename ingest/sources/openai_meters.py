"""OpenAI's counts as disjoint meters.

``input_tokens`` = uncached + cached + cache-write tokens; ``input_text/audio/image_tokens`` split
the uncached, ``input_cached_*`` the cached, ``output_*`` the output. Older rows state no uncached
input, and their audio may be cached audio.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ingest.exports.values import BadField, count, required_count

Meters = list[tuple[str, str, Decimal, str]]  # meter, field, quantity, unit
# endpoints with one quantity: field, meter, unit
SIMPLE = {
    "embeddings": ("input_tokens", "input", "tokens"),
    "moderations": ("input_tokens", "moderation_input", "tokens"),
    "images": ("images", "image", "images"),
    "audio_speeches": ("characters", "character", "characters"),
    "audio_transcriptions": ("seconds", "audio_second", "seconds"),
    "vector_stores": ("usage_bytes", "storage_byte", "bytes"),
    "code_interpreter_sessions": ("num_sessions", "code_execution", "sessions"),
    "file_search_calls": ("num_requests", "file_search", "requests"),
    "web_search_calls": ("num_requests", "web_search", "requests"),
}


def request_meters(cells: Mapping[str, Any], dataset: str) -> Meters:
    """Model requests, where they are given."""
    requests = count(cells, "num_model_requests")
    if requests is None:
        return []
    # the model requests of a tool are counted with the model's endpoint already
    meter = "tool_model_requests" if dataset == "web_search_calls" else "requests"
    return [(meter, "num_model_requests", requests, "requests")]


def completion_meters(cells: Mapping[str, Any]) -> Meters:
    """Disjoint meters: audio is taken out of the text class it is part of."""
    total = required_count(cells, "input_tokens")
    cached = count(cells, "input_cached_tokens") or Decimal(0)
    written = count(cells, "input_cache_write_tokens") or Decimal(0)
    uncached = count(cells, "input_uncached_tokens")
    output = required_count(cells, "output_tokens")
    audio = count(cells, "input_audio_tokens") or Decimal(0)
    cached_audio = count(cells, "input_cached_audio_tokens")
    if uncached is None:
        uncached = total - cached - written
        if uncached < 0:
            raise BadField("contradicts_total", "input_tokens", total)
        if cached_audio is None and audio > uncached:
            # before the split by cache, audio held the cached audio too
            audio, cached_audio = uncached, audio - uncached
    elif uncached + cached + written != total:
        raise BadField("contradicts_total", "input_tokens", total)
    else:
        _check_parts(cells, "input", uncached)
        _check_parts(cells, "input_cached", cached)
    _check_parts(cells, "output", output)
    read_audio = cached_audio or Decimal(0)
    output_audio = count(cells, "output_audio_tokens") or Decimal(0)
    for field, part, whole in (
        ("input_audio_tokens", audio, uncached),
        ("input_cached_audio_tokens", read_audio, cached),
        ("output_audio_tokens", output_audio, output),
    ):
        if part > whole:
            raise BadField("contradicts_total", field, part)
    return [
        ("input", "input_uncached_tokens", uncached - audio, "tokens"),
        ("cache_read", "input_cached_tokens", cached - read_audio, "tokens"),
        ("cache_write_5m", "input_cache_write_tokens", written, "tokens"),
        ("output", "output_tokens", output - output_audio, "tokens"),
        ("input_audio", "input_audio_tokens", audio, "tokens"),
        ("cache_read_audio", "input_cached_audio_tokens", read_audio, "tokens"),
        ("output_audio", "output_audio_tokens", output_audio, "tokens"),
    ]


def _check_parts(cells: Mapping[str, Any], name: str, whole: Decimal) -> None:
    """The text, audio and image parts sum to the whole, where all of them are given."""
    parts = [count(cells, f"{name}_{kind}_tokens") for kind in ("text", "audio", "image")]
    if any(part is None for part in parts):
        return
    total = sum((part for part in parts if part), Decimal(0))
    # all zero: the split is not reported for this row
    if total and total != whole:
        raise BadField("contradicts_total", f"{name}_text_tokens", total)
