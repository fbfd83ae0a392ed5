"""What Anthropic's pages and console CSVs have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from ingest.exports.records import Line, Note

ISSUER = "anthropic"
DEFAULT_WORKSPACE = "(default)"
CONSOLE_KEY = "(console)"
_KNOWN_WORDS = (
    "account_id api_key_id cache_creation cache_read_input_tokens context_window inference_geo"
    " model output_tokens server_tool_use service_account_id service_tier speed"
    " uncached_input_tokens workspace_id amount cost_type currency description token_type"
    " list_amount product rbac_group_id requests slack_channel_id claude_tag_category"
    " claude_tag_user_id starting_at ending_at actor core_metrics customer_type date is_remote"
    " model_breakdown organization_id terminal_type tool_actions subscription_type"
    " usage_date_utc model_version api_key workspace usage_type cost_usd list_price_usd"
    " api_key_status"
)
KNOWN = frozenset(_KNOWN_WORDS.split())
Meters = list[tuple[str, str, Decimal, str]]  # meter, field, quantity, unit


def unknown_fields(names: set[str]) -> Iterator[Note]:
    """The note on fields that this version does not know."""
    if names:
        yield Note(f"fields this version does not know were left out: {', '.join(sorted(names))}")


def usage_lines(
    shared: Mapping[str, Any], dataset: str, meters: Meters, family: str | None = None
) -> list[Line]:
    """One line for each meter that was used; the first where none was."""
    used = [entry for entry in meters if entry[2] or entry[0] == "requests"] or meters[:1]
    return [
        Line(
            **shared,
            dataset=dataset,
            family=family,
            line_kind="usage",
            meter=meter,
            token_type=field,
            quantity=quantity,
            unit=unit,
        )
        for meter, field, quantity, unit in used
    ]
