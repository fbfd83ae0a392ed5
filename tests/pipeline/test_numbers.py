"""What the built lake says, against sums done by hand.

gpt-4o-mini costs 0.15 / 0.60 USD a million tokens in / out: 1000 in and 100 out are
0.000150 + 0.000060 = 0.000210 USD. gpt-4o costs 2.50 / 10.00: 0.0025 + 0.0010 = 0.0035 USD.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from tests.support.warehouse import query

MINI = Decimal("0.000210")
LARGE = Decimal("0.003500")


def test_tenants_days_sum_what_their_calls_cost(built_lake: Path) -> None:
    rows = query(
        built_lake,
        "select cast(cost_date as varchar), tenant_id, call_count, operation_count, "
        "billed_cost_usd, chargeable_cost_usd "
        "from marts.fct_tenant_costs_daily order by 1, 2",
    )
    assert rows == [
        # plain and the two attempts; of the operation's three attempts none served here.
        ("2026-10-01", "acme", 3, 2, 3 * MINI, MINI),
        ("2026-10-02", "(unattributed)", 1, 1, MINI, MINI),
        ("2026-10-02", "acme", 1, 0, MINI, MINI),
        # The unpriced call costs nobody knows what; its component is priced.
        ("2026-10-02", "globex", 2, 2, 2 * LARGE, 2 * LARGE),
    ]


def test_billed_cost_is_one_number_in_every_table(built_lake: Path) -> None:
    total = 5 * MINI + 2 * LARGE
    tables = [
        "fct_calls",
        "fct_costs_hourly",
        "fct_tenant_costs_daily",
        "fct_feature_costs_daily",
        "fct_model_costs_daily",
    ]
    sums = {
        table: query(built_lake, f"select sum(billed_cost_usd) from marts.{table}")[0][0]
        for table in tables
    }
    sums["charges"] = query(built_lake, "select sum(cost_usd) from marts.fct_call_charges")[0][0]
    assert sums == dict.fromkeys(sums, total)


def test_unattributed_spend_names_its_signature(built_lake: Path) -> None:
    rows = query(
        built_lake,
        "select api_key_id, project_id, call_count, billed_cost_usd "
        "from reports.rpt_unattributed_spend",
    )
    assert rows == [("key-7", "(unattributed)", 1, MINI)]


def test_unpriced_spend_names_the_model(built_lake: Path) -> None:
    rows = query(
        built_lake, "select model, call_count, output_tokens from reports.rpt_unpriced_spend"
    )
    assert rows == [("no-such-model-9", 1, 100)]


def test_no_dimension_is_null(built_lake: Path) -> None:
    dimensions = [
        "provider, model, requested_model, tenant_id, feature, environment, team",
        "workload_class, workflow_id, prompt_version, route_policy_version, service_tier",
        "outcome, pricing_status, usage_status, api_key_id, project_id, endpoint, operation",
    ]
    for table in ("fct_calls", "fct_costs_hourly"):
        for name in ", ".join(dimensions).split(", "):
            missing = query(built_lake, f"select count(*) from marts.{table} where {name} is null")
            assert missing == [(0,)], (table, name)
