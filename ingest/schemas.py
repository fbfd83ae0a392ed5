"""The schema of every raw table, stated once: SQL type, Arrow type, meaning.

``CALLS``: one row per call attempt and component. ``PROVIDER_LINES``: what a provider says was
used or charged, one row per source row and meter. ``INVOICE_LINES``: one row per invoice line.
``PRODUCT_EVENTS``: what the product got for its calls, one row per event. ``CHANGES``: one row per
deploy, prompt version, route policy, price or setting that changed.
``LANDINGS``: one row per landed file. Timestamps are UTC microseconds; counts are BIGINT and NULL
where the source does not say. Our own money is DECIMAL(38,12) US dollars; a provider's amounts
are DECIMAL(38,18) in the ``currency`` beside them.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

_ARROW: dict[str, pa.DataType] = {
    "varchar": pa.string(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamptz": pa.timestamp("us", tz="UTC"),
    "decimal(18,6)": pa.decimal128(18, 6),
    "decimal(38,12)": pa.decimal128(38, 12),
    "decimal(38,18)": pa.decimal128(38, 18),
}


@dataclass(frozen=True)
class Table:
    """A raw table: name, columns as (name, SQL type), and the partition column if any."""

    name: str
    columns: tuple[tuple[str, str], ...]
    partition_by: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in storage order."""
        return tuple(name for name, _ in self.columns)

    @property
    def arrow(self) -> pa.Schema:
        """The Arrow schema the Delta table is created with."""
        return pa.schema([(name, _ARROW[kind]) for name, kind in self.columns])

    def ddl(self) -> str:
        """Columns as a SQL column list, for an empty table of the same shape."""
        return ", ".join(f'"{name}" {kind}' for name, kind in self.columns)


def _texts(names: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, "varchar") for name in names.split())


def _amounts(names: str, kind: str = "decimal(38,18)") -> tuple[tuple[str, str], ...]:
    return tuple((name, kind) for name in names.split())


def _counts(names: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, "bigint") for name in names.split())


CALLS = Table(
    "calls",
    (
        ("event_date", "date"),
        ("event_id", "varchar"),
        ("component_index", "integer"),
        *_texts("source provider model requested_model request_id operation_id"),
        ("attempt", "integer"),
        *_texts("trace_id run_id workflow_id agent_id session_id task_id tenant_id"),
        *_texts("user_id_hash feature endpoint environment team workload_class"),
        *_texts("prompt_version route_policy_version deploy_version operation"),
        *_texts("service_tier region inference_geo speed api_key_id project_id"),
        ("is_batch", "boolean"),
        ("is_streamed", "boolean"),
        ("is_fallback", "boolean"),
        ("is_cache_hit", "boolean"),
        ("outcome", "varchar"),
        ("http_status", "integer"),
        *_counts("latency_ms time_to_first_token_ms"),
        *_counts("uncached_input_tokens cache_read_tokens"),
        *_counts("cache_write_5m_tokens cache_write_1h_tokens"),
        *_counts("output_tokens reasoning_tokens"),
        *_counts("input_audio_tokens cache_read_audio_tokens output_audio_tokens"),
        *_counts("web_search_requests code_execution_sessions image_count search_units"),
        ("audio_seconds", "decimal(18,6)"),
        *_texts("usage_status usage_dialect"),
        ("source_cost_usd", "decimal(38,12)"),
        ("provider_cost_usd", "decimal(38,12)"),
        ("tags", "varchar"),
        ("is_streamed_final", "boolean"),
        ("is_current", "boolean"),
        ("started_at", "timestamptz"),
        ("started_at_source", "varchar"),
        ("observed_at", "timestamptz"),
        ("source_file", "varchar"),
        ("source_line", "bigint"),
        ("landing_id", "varchar"),
        ("landed_at", "timestamptz"),
    ),
    partition_by="event_date",
)

_DELIVERY: tuple[tuple[str, str], ...] = (
    ("bucket_key", "varchar"),
    ("is_current", "boolean"),
    ("source_file", "varchar"),
    ("source_line", "bigint"),
    ("landing_id", "varchar"),
    ("landed_at", "timestamptz"),
)

PROVIDER_LINES = Table(
    "provider_lines",
    (
        ("event_date", "date"),
        ("line_id", "varchar"),
        ("line_index", "integer"),
        *_texts("source dataset line_kind issuer billing_account_id billing_account_name"),
        *_texts("sub_account_id sub_account_name project_id project_name"),
        *_texts("api_key_id api_key_name"),
        ("period_start_at", "timestamptz"),
        ("period_end_at", "timestamptz"),
        *_texts("invoice_month invoice_id charge_category service sku_id line_item model"),
        *_texts("token_type service_tier context_window inference_geo speed region"),
        ("is_batch", "boolean"),
        ("meter", "varchar"),
        ("quantity", "decimal(38,18)"),
        ("unit", "varchar"),
        ("pricing_quantity", "decimal(38,18)"),
        ("pricing_unit", "varchar"),
        *_amounts("unit_price amount list_amount credit_amount effective_amount"),
        ("currency", "varchar"),
        ("conversion_rate", "decimal(38,18)"),
        ("tags", "varchar"),
        ("exported_at", "timestamptz"),
        *_DELIVERY,
    ),
    partition_by="event_date",
)

INVOICE_LINES = Table(
    "invoice_lines",
    (
        ("event_date", "date"),
        ("line_id", "varchar"),
        ("invoice_id", "varchar"),
        ("line_number", "integer"),
        *_texts("issuer billing_account_id billing_month"),
        ("period_start_on", "date"),
        ("period_end_on", "date"),
        ("issued_on", "date"),
        ("due_on", "date"),
        *_texts("invoice_status line_category description project_id model meter service_tier"),
        ("quantity", "decimal(38,18)"),
        ("unit", "varchar"),
        ("unit_price", "decimal(38,18)"),
        ("amount", "decimal(38,12)"),
        ("currency", "varchar"),
        ("booked_rate", "decimal(38,12)"),
        *_texts("functional_currency reference_invoice_id"),
        ("invoice_total", "decimal(38,12)"),
        *_DELIVERY,
    ),
    partition_by="event_date",
)

_EVENT_VERSION: tuple[tuple[str, str], ...] = (
    ("is_revoked", "boolean"),
    ("tags", "varchar"),
    ("is_current", "boolean"),
    ("observed_at", "timestamptz"),
    ("source_file", "varchar"),
    ("source_line", "bigint"),
    ("landing_id", "varchar"),
    ("landed_at", "timestamptz"),
)

PRODUCT_EVENTS = Table(
    "product_events",
    (
        ("event_date", "date"),
        *_texts("event_id source dialect event_name"),
        ("occurred_at", "timestamptz"),
        *_texts("task_id operation_id request_id run_id trace_id session_id"),
        *_texts("tenant_id feature workflow_id user_id_hash"),
        ("value", "decimal(38,12)"),
        *_texts("label revokes_event_id supersedes_event_id"),
        *_EVENT_VERSION,
    ),
    partition_by="event_date",
)

CHANGES = Table(
    "changes",
    (
        ("event_date", "date"),
        *_texts("change_id source change_type"),
        ("changed_at", "timestamptz"),
        *_texts("feature environment team workload_class workflow_id tenant_id provider model"),
        *_texts("version previous_version reference"),
        *_EVENT_VERSION,
    ),
    partition_by="event_date",
)

LANDINGS = Table(
    "landings",
    (
        ("landing_id", "varchar"),
        ("landing_seq", "bigint"),
        *_texts("source source_file file_sha256"),
        *_counts("file_bytes rows_read rows_landed rows_duplicate rows_quarantined"),
        *_counts("rows_superseding rows_component"),
        ("touched_dates", "varchar"),
        ("first_event_at", "timestamptz"),
        ("last_event_at", "timestamptz"),
        ("landed_at", "timestamptz"),
        ("code_version", "varchar"),
    ),
)

QUARANTINE = Table(
    "quarantine",
    (
        *_texts("source source_file"),
        ("source_line", "bigint"),
        *_texts("reason field value raw_text"),
        ("landing_id", "varchar"),
        ("landed_at", "timestamptz"),
    ),
)

RAW_TABLES = (CALLS, PROVIDER_LINES, INVOICE_LINES, PRODUCT_EVENTS, CHANGES)
PROVIDER_SOURCES = (
    "openai-usage",
    "openai-costs",
    "anthropic-usage",
    "anthropic-costs",
    "gcp-billing",
    "aws-cur",
    "azure-costs",
    "openrouter",
    "focus",
)
INVOICE_SOURCES = ("invoices",)
EVENT_SOURCES = ("product-events", "changes")
_TABLES = {
    **dict.fromkeys(PROVIDER_SOURCES, PROVIDER_LINES),
    **dict.fromkeys(INVOICE_SOURCES, INVOICE_LINES),
    "product-events": PRODUCT_EVENTS,
    "changes": CHANGES,
}


def table_of(source: str) -> Table:
    """The raw table that a source lands in."""
    return _TABLES.get(source, CALLS)
