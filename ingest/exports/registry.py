"""The export sources by name; a source's module is loaded when it is landed."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import cast

from ingest.exports.records import Reader


@dataclass(frozen=True)
class Source:
    """Where a source's reader is, and what its command says.

    Attributes:
        module: below ``ingest.sources``.
        reader: the function of the module.
        description: one line of help.
        example: a path for the help's example.
        api: whether it can also be pulled with ``--from`` and ``--to``.
    """

    module: str
    reader: str
    description: str
    example: str
    api: bool = False


SOURCES = {
    "openai-usage": Source(
        "openai_exports",
        "read_usage",
        "OpenAI usage: Admin API pages (ten endpoints), dashboard and activity CSVs.",
        "exports/openai/completions/",
        api=True,
    ),
    "openai-costs": Source(
        "openai_exports",
        "read_costs",
        "OpenAI costs: Admin API pages, dashboard cost CSVs.",
        "exports/openai/costs-2026-10.csv",
        api=True,
    ),
    "anthropic-usage": Source(
        "anthropic_exports",
        "read_usage",
        "Anthropic usage: usage, Claude Code and analytics report pages, console CSVs.",
        "exports/anthropic/usage/",
        api=True,
    ),
    "anthropic-costs": Source(
        "anthropic_exports",
        "read_costs",
        "Anthropic costs: cost and analytics report pages (cents), console CSVs.",
        "'exports/anthropic/*.csv'",
        api=True,
    ),
    "gcp-billing": Source(
        "gcp", "read", "Google Cloud billing exports, Gemini and Vertex AI.", "exports/gcp/"
    ),
    "aws-cur": Source("aws", "read", "AWS cost and usage reports (CUR 2.0).", "exports/aws/cur/"),
    "azure-costs": Source(
        "azure", "read", "Azure cost exports: actual cost and FOCUS.", "exports/azure/actual.csv"
    ),
    "openrouter": Source(
        "openrouter",
        "read",
        "OpenRouter activity: API pages, daily and generation CSVs.",
        "exports/openrouter/activity.csv",
        api=True,
    ),
    "focus": Source(
        "focus", "read", "FOCUS 1.0 to 1.4 cost and usage files of any issuer.", "exports/focus/"
    ),
    "invoices": Source(
        "invoices",
        "read",
        "Invoice lines in the documented CSV: usage, credits, fees, taxes, true-ups.",
        "invoices/2026-10/",
    ),
}


def reader_of(source: str) -> Reader:
    """The function that reads a file of the source."""
    described = SOURCES[source]
    module = importlib.import_module(f"ingest.sources.{described.module}")
    return cast(Reader, getattr(module, described.reader))


def is_in_parts(source: str) -> bool:
    """Whether numbered parts of a name are one delivery."""
    module = importlib.import_module(f"ingest.sources.{SOURCES[source].module}")
    return bool(getattr(module, "MANY_FILES", False))
