"""One company's October 2026, small enough to work out every figure by hand.

openai INV-1 (USD): acme/chat used 600 tokens for 60.00, globex/chat 300 for 30.00, and
globex/search 100 for 10.00: metered 100.00. Then quantity +3.00, untracked +10.00, discount
-2.00, unexplained +0.05, credits -5.00, tax +20.00: total 126.05.
anthropic INV-2 (EUR at 1.1): initech/draft used 50 tokens for 50.00; fee 0.01: 50.01.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from tests.support.close_factory import Row, cell, invoice, merged, usage, write_warehouse

TODAY = dt.date(2026, 11, 21)


def october() -> dict[str, list[Row]]:
    """The rows of the story."""
    return merged(
        usage(600, "60.00"),
        usage(300, "30.00", tenant_id="globex"),
        usage(100, "10.00", tenant_id="globex", feature="search", cost_date="2026-10-30"),
        invoice(
            [
                {"amount": "100", "quantity": 1000},
                {
                    "step": 31,
                    "component": "quantity_variance",
                    "cause": "missing_calls",
                    "amount": "3",
                    "quantity": 30,
                },
                {"step": 32, "component": "untracked_keys", "amount": "10", "quantity": 100},
                {
                    "step": 42,
                    "component": "discount_or_overcharge",
                    "cause": "discount",
                    "amount": "-2",
                },
                cell(60, "unexplained", "0.05"),
                cell(71, "credits", "-5"),
                cell(74, "tax", "20"),
            ],
            "126.05",
        ),
        usage(
            50,
            "50.00",
            provider="anthropic",
            model="claude",
            project_id="p-2",
            api_key_id="k-2",
            tenant_id="initech",
            feature="draft",
            meter="output",
        ),
        invoice(
            [
                {"amount": "50", "quantity": 50, "model": "claude", "token_class": "output"},
                cell(73, "fees_and_adjustments", "0.01"),
            ],
            "50.01",
            provider="anthropic",
            billing_account_id="ws",
            invoice_id="INV-2",
            currency="EUR",
            booked_rate="1.1",
            functional_currency="USD",
        ),
        {
            "fct_invoice_reconciliation_monthly": [
                {
                    "metered_quantity": 1000,
                    "metered_cost_usd": "100",
                    "invoiced_cost": "111",
                    "variance": "11",
                    "verdict": "data issue",
                    "next_action": "find the missing calls",
                }
            ],
            "cost_centers": [
                {"cost_center": "CC-APPS", "feature": "chat"},
                {"cost_center": "CC-GLOBEX", "tenant_id": "globex"},
            ],
        },
    )


def shifted(rows: dict[str, list[Row]], month: str) -> dict[str, list[Row]]:
    """The same rows in another month, with invoice ids of that month."""

    def moved(name: str, value: Any) -> Any:
        if name == "invoice_id":
            return f"{value}-{month}"
        if name == "landed_at":
            return f"{month}-28 08:00:00+00"
        return str(value).replace("2026-10", month) if isinstance(value, str) else value

    defaults = {
        "fct_invoice_bridge_monthly": ("billing_month", "invoice_id"),
        "fct_invoices_monthly": ("billing_month", "invoice_id"),
        "fct_invoice_reconciliation_monthly": ("billing_month",),
        "fct_accruals_monthly": ("billing_month",),
        "stg_invoices__invoice_lines": ("billing_month", "invoice_id", "landed_at"),
        "fct_costs_hourly": ("reporting_date",),
        "int_metered_usage_daily": ("cost_date", "event_date", "provider_date"),
    }
    plain = {"billing_month": "2026-10", "invoice_id": "INV-1", "landed_at": ""}
    return {
        table: [
            {
                **{
                    name: moved(name, plain.get(name, "2026-10-01"))
                    for name in defaults.get(table, ())
                },
                **{name: moved(name, value) for name, value in row.items()},
            }
            for row in found
        ]
        for table, found in rows.items()
        if table in defaults
    }


def story(data: Path, *more: dict[str, list[Row]]) -> Path:
    """Writes October, and more, as the warehouse of a data folder."""
    return write_warehouse(data, merged(october(), *more))
