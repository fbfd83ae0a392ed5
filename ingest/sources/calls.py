"""Structured call logs that do not come one JSON object a line: CSV, Parquet, JSON documents.

Data flow: rows with the log's own columns -> ``to_call_logs`` -> data/raw/calls. Lines of NDJSON
need no adapter and never pass here. Units and names are those of ``ingest/fields.py``.

Run alone: ``python -m ingest calls export.parquet``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ingest.sources import Answer


def to_call_logs(record: Mapping[str, Any]) -> Iterator[Answer]:
    """The record as it is; keys that only adapters may set are taken out."""
    yield {key: value for key, value in record.items() if not key.startswith("_")}
