"""The sources of ``python -m ingest``, by name."""

from __future__ import annotations

from ingest.sources import Adapter, calls, langfuse, litellm, otlp, responses

ADAPTERS: dict[str, Adapter] = {
    "calls": calls.to_call_logs,
    "responses": responses.to_call_logs,
    "otlp": otlp.to_call_logs,
    "litellm": litellm.to_call_logs,
    "langfuse": langfuse.to_call_logs,
}
