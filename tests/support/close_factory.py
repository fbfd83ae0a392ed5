"""Hand-made warehouses with the tables a month close reads, and nothing else.

One provider row is written as a dict; what is not said has a plain default. Amounts are text, so
that no float ever touches them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb

Row = Mapping[str, Any]

TABLES: dict[str, dict[str, tuple[str, Any]]] = {
    "marts.fct_invoice_bridge_monthly": {
        "provider": ("varchar", "openai"),
        "billing_account_id": ("varchar", "org-1"),
        "billing_month": ("varchar", "2026-10"),
        "invoice_id": ("varchar", "INV-1"),
        "currency": ("varchar", "USD"),
        "step": ("integer", 10),
        "component": ("varchar", "metered_cost"),
        "model": ("varchar", "gpt-4o"),
        "token_class": ("varchar", "input"),
        "service_tier": ("varchar", "standard"),
        "cause": ("varchar", ""),
        "quantity": ("decimal(38,6)", None),
        "unit": ("varchar", "tokens"),
        "amount": ("decimal(38,12)", None),
    },
    "marts.fct_invoice_reconciliation_monthly": {
        "provider": ("varchar", "openai"),
        "billing_month": ("varchar", "2026-10"),
        "billing_account_id": ("varchar", "org-1"),
        "currency": ("varchar", "USD"),
        "model": ("varchar", "gpt-4o"),
        "token_class": ("varchar", "input"),
        "service_tier": ("varchar", "standard"),
        "metered_quantity": ("decimal(38,6)", None),
        "exported_quantity": ("decimal(38,6)", None),
        "invoiced_quantity": ("decimal(38,6)", None),
        "metered_cost_usd": ("decimal(38,12)", None),
        "exported_cost": ("decimal(38,12)", None),
        "invoiced_cost": ("decimal(38,12)", None),
        "variance": ("decimal(38,12)", "0"),
        "verdict": ("varchar", "matched"),
        "next_action": ("varchar", ""),
        "status": ("varchar", "matched"),
    },
    "marts.fct_invoices_monthly": {
        "provider": ("varchar", "openai"),
        "billing_account_id": ("varchar", "org-1"),
        "billing_month": ("varchar", "2026-10"),
        "invoice_id": ("varchar", "INV-1"),
        "currency": ("varchar", "USD"),
        "invoice_total_amount": ("decimal(38,12)", None),
        "issued_on": ("date", "2026-11-02"),
        "functional_currency": ("varchar", None),
        "booked_rate": ("decimal(38,12)", None),
        "reference_invoice_id": ("varchar", None),
        "status": ("varchar", "matched"),
    },
    "marts.fct_accruals_monthly": {
        "provider": ("varchar", "openai"),
        "billing_account_id": ("varchar", "org-1"),
        "billing_month": ("varchar", "2026-10"),
        "estimate_usd": ("decimal(38,12)", None),
        "low_usd": ("decimal(38,12)", None),
        "high_usd": ("decimal(38,12)", None),
        "method": ("varchar", "metered"),
        "scored_against": ("varchar", None),
    },
    "marts.fct_costs_hourly": {
        "reporting_date": ("date", "2026-10-01"),
        "provider": ("varchar", "openai"),
        "model": ("varchar", "gpt-4o"),
        "service_tier": ("varchar", "standard"),
        "project_id": ("varchar", "p-1"),
        "api_key_id": ("varchar", "k-1"),
        "tenant_id": ("varchar", "acme"),
        "feature": ("varchar", "chat"),
        "team": ("varchar", "apps"),
        "environment": ("varchar", "production"),
        "workload_class": ("varchar", "realtime"),
        "prompt_version": ("varchar", "v1"),
        "call_count": ("bigint", 1),
        "uncached_input_tokens": ("bigint", None),
        "cache_read_tokens": ("bigint", None),
        "cache_write_5m_tokens": ("bigint", None),
        "cache_write_1h_tokens": ("bigint", None),
        "output_tokens": ("bigint", None),
        "billed_cost_usd": ("decimal(38,12)", None),
    },
    "intermediate.int_metered_usage_daily": {
        "event_date": ("date", "2026-10-01"),
        "provider_date": ("date", "2026-10-01"),
        "cost_date": ("date", "2026-10-01"),
        "provider": ("varchar", "openai"),
        "project_id": ("varchar", "p-1"),
        "api_key_id": ("varchar", "k-1"),
        "model": ("varchar", "gpt-4o"),
        "meter": ("varchar", "input"),
        "service_tier": ("varchar", "standard"),
        "quantity": ("decimal(38,6)", None),
        "cost_usd": ("decimal(38,12)", None),
    },
    "intermediate.int_metered_keys_matched": {
        "provider": ("varchar", "openai"),
        "project_id": ("varchar", "p-1"),
        "api_key_id": ("varchar", "k-1"),
        "billing_account_id": ("varchar", "org-1"),
    },
    "staging.stg_invoices__invoice_lines": {
        "invoice_id": ("varchar", "INV-1"),
        "line_id": ("varchar", "line-1"),
        "line_number": ("integer", 1),
        "provider": ("varchar", "openai"),
        "billing_account_id": ("varchar", "org-1"),
        "billing_month": ("varchar", "2026-10"),
        "issued_on": ("date", "2026-11-02"),
        "due_on": ("date", "2026-12-02"),
        "invoice_status": ("varchar", "issued"),
        "line_category": ("varchar", "usage"),
        "description": ("varchar", "Usage"),
        "model": ("varchar", None),
        "meter": ("varchar", None),
        "service_tier": ("varchar", None),
        "amount": ("decimal(38,12)", None),
        "currency": ("varchar", "USD"),
        "booked_rate": ("decimal(38,12)", None),
        "functional_currency": ("varchar", None),
        "reference_invoice_id": ("varchar", None),
        "landed_at": ("timestamptz", "2026-11-03 08:00:00+00"),
    },
    "seeds.cost_centers": {
        "tenant_id": ("varchar", "*"),
        "feature": ("varchar", "*"),
        "team": ("varchar", "*"),
        "environment": ("varchar", "*"),
        "workload_class": ("varchar", "*"),
        "cost_center": ("varchar", None),
        "valid_from": ("date", None),
        "valid_to": ("date", None),
    },
    "seeds.reconciliation_reviews": {
        "provider": ("varchar", "openai"),
        "billing_month": ("varchar", "2026-10"),
        "invoice_id": ("varchar", "INV-1"),
        "model": ("varchar", None),
        "token_class": ("varchar", None),
        "reason_code": ("varchar", None),
        "note": ("varchar", None),
        "reviewed_by": ("varchar", None),
        "reviewed_at": ("date", None),
    },
}
SEEDS = Path(__file__).parents[2] / "seeds" / "finance"
COPIED_SEEDS = ("gl_accounts", "allocation_rules")
TOLERANCES = "seeds.reconciliation_tolerances"


def write_warehouse(data: Path, rows: Mapping[str, Iterable[Row]]) -> Path:
    """Writes `warehouse.duckdb` into a folder, in place of the one that is there.

    Args:
        data: the data folder.
        rows: rows of each table, by the table's name without its schema.
    """
    data.mkdir(parents=True, exist_ok=True)
    file = data / "warehouse.duckdb"
    file.unlink(missing_ok=True)
    known = {table.split(".")[1] for table in TABLES} | set(COPIED_SEEDS)
    assert rows.keys() <= known, rows.keys() - known
    with duckdb.connect(str(file)) as connection:
        connection.execute("set timezone = 'UTC'")
        for schema in ("marts", "intermediate", "staging", "seeds"):
            connection.execute(f"create schema {schema}")
        for table, columns in TABLES.items():
            typed = ", ".join(f'"{name}" {kind}' for name, (kind, _) in columns.items())
            connection.execute(f"create table {table} ({typed})")
            for row in rows.get(table.split(".")[1], []):
                assert row.keys() <= columns.keys(), row.keys() - columns.keys()
                values = [row.get(name, default) for name, (_, default) in columns.items()]
                marks = ", ".join("?" for _ in values)
                connection.execute(f"insert into {table} values ({marks})", values)
        connection.execute(
            f"create table {TOLERANCES} (check_name varchar, amount_limit decimal(38, 12), "
            "share_limit decimal(38, 12))"
        )
        connection.execute(
            f"insert into {TOLERANCES} values ('unexplained', 1, 0.001), ('coverage', 0, 0.01), "
            "('price', 0, 0.005)"
        )
        for seed in COPIED_SEEDS:
            connection.execute(
                f"create table seeds.{seed} as select * replace ("
                "cast(valid_from as date) as valid_from, cast(valid_to as date) as valid_to) "
                f"from read_csv('{SEEDS / seed}.csv', all_varchar = true, header = true)"
            )
            for row in rows.get(seed, []):
                names = ", ".join(row)
                marks = ", ".join("?" for _ in row)
                connection.execute(
                    f"insert into seeds.{seed} ({names}) values ({marks})", list(row.values())
                )
    return file


def usage(quantity: int, cost: str, **said: Any) -> dict[str, list[Row]]:
    """Input tokens of one day and key on both sides of the ledger."""
    hourly_only = {"tenant_id", "feature", "team", "environment", "workload_class"}
    day = said.get("cost_date", "2026-10-01")
    metered = {name: value for name, value in said.items() if name not in hourly_only}
    hourly = {name: value for name, value in said.items() if name not in ("cost_date", "meter")}
    column = {"input": "uncached_input_tokens", "output": "output_tokens"}[
        said.get("meter", "input")
    ]
    return {
        "fct_costs_hourly": [
            {**hourly, "reporting_date": day, column: quantity, "billed_cost_usd": cost}
        ],
        "int_metered_usage_daily": [
            {
                **metered,
                "cost_date": day,
                "event_date": day,
                "provider_date": day,
                "quantity": quantity,
                "cost_usd": cost,
            }
        ],
    }


def invoice(
    steps: Iterable[Row], total: str, *, status: str = "matched", **said: Any
) -> dict[str, list[Row]]:
    """An invoice: its bridge with the total as step 90, its header and one line."""
    rate = {name: said.pop(name) for name in ("booked_rate", "functional_currency") if name in said}
    landed = {"landed_at": said.pop("landed_at")} if "landed_at" in said else {}
    return {
        "fct_invoice_bridge_monthly": [
            *({**said, **step} for step in steps),
            {**said, **cell(90, "invoice_total", total)},
        ],
        "fct_invoices_monthly": [{**said, **rate, "invoice_total_amount": total, "status": status}],
        "stg_invoices__invoice_lines": [{**said, **rate, **landed, "amount": total}],
    }


def cell(step: int, component: str, amount: str, **said: Any) -> dict[str, Any]:
    """A cell of the bridge that belongs to no SKU."""
    return {
        "step": step,
        "component": component,
        "amount": amount,
        "model": "(invoice)",
        "token_class": "(invoice)",
        "service_tier": "(invoice)",
        **said,
    }


def merged(*parts: Mapping[str, Iterable[Row]]) -> dict[str, list[Row]]:
    """Rows of several parts as one."""
    whole: dict[str, list[Row]] = {}
    for part in parts:
        for table, rows in part.items():
            whole.setdefault(table, []).extend(rows)
    return whole
