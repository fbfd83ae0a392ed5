"""Every tie-out is seen to fail: a fault is planted in a copy, its test must find it."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from pipeline.dbt_runner import run_dbt
from pipeline.plan import plan_full, write_touched_dates
from pipeline.seeds import PROJECT_SEEDS
from pipeline.settings import Settings
from tests.support.warehouse import manifest

CUBE = "intermediate.int_call_costs_summed_hourly"
ONE_ROW = f"context_id = (select max(context_id) from {CUBE})"

FAULTS = {
    "a call lost on the way to the hourly costs": (
        "assert_every_call_reaches_the_hourly_costs",
        f"delete from {CUBE} where {ONE_ROW}",
    ),
    "a call doubled on the way to the hourly costs": (
        "assert_every_call_reaches_the_hourly_costs",
        f"insert into {CUBE} select * from {CUBE} where {ONE_ROW}",
    ),
    "hourly costs of a date without calls": (
        "assert_every_call_reaches_the_hourly_costs",
        f"insert into {CUBE} (event_date, call_count) values (date '2026-10-02', 1)",
    ),
    "a millionth of a millionth of a dollar in a tenant's day": (
        "assert_daily_costs_equal_hourly_costs",
        "update marts.fct_tenant_costs_daily "
        "set billed_cost_usd = billed_cost_usd + 0.000000000001 where tenant_id = 'acme'",
    ),
    "a feature's day lost": (
        "assert_daily_costs_equal_hourly_costs",
        "delete from marts.fct_feature_costs_daily where feature = 'search'",
    ),
    "a model's day made up": (
        "assert_daily_costs_equal_hourly_costs",
        "insert into marts.fct_model_costs_daily (cost_date, provider, model) "
        "values (date '2026-10-02', 'openai', 'ghost') ; "
        "update marts.fct_model_costs_daily set call_count = 1 where model = 'ghost'",
    ),
    "hourly money that the ledger does not have": (
        "assert_calls_and_charges_equal_hourly_costs",
        f"update {CUBE} set billed_cost_usd = billed_cost_usd + 0.000000000001 "
        "where hour_at = '2026-10-01 09:00:00+00'",
    ),
    "hourly costs charged to another feature than the ledger's": (
        "assert_calls_and_charges_equal_hourly_costs",
        "update intermediate.int_call_contexts set feature = 'search' where feature = 'chat'",
    ),
    "a charge line lost": (
        "assert_calls_and_charges_equal_hourly_costs",
        "create or replace view marts.fct_call_charges as "
        "select *, date '2026-10-02' as event_date from (select 0.1 as cost_usd)",
    ),
    "a thrown-away answer taken for the served one": (
        "assert_each_operation_is_counted_and_served_once",
        "update intermediate.int_attempts_resolved set is_served = true",
    ),
    "a retry counted as an operation": (
        "assert_each_operation_is_counted_and_served_once",
        "update intermediate.int_attempts_resolved set is_operation_start = true",
    ),
    "a named tenant overwritten": (
        "assert_what_calls_say_of_tenants_is_kept",
        "update intermediate.int_call_contexts set tenant_id = 'x' where tenant_id = 'acme'",
    ),
    "a line of a file unaccounted for": (
        "assert_landed_files_balance",
        "create or replace view staging.stg_lake__landings as "
        "select * replace (rows_read + 1 as rows_read) from "
        "(select *, landing_seq as landing_number from lake.landings)",
    ),
    "a rule that changes within an hour": (
        "assert_attribution_rules_change_on_the_hour",
        "insert into seeds.attribution_rules (rule_id, priority, valid_from) "
        "values ('half', 1, '2026-10-01 00:30:00+00')",
    ),
    "a tenant missing from the report": (
        "assert_reports_tie_to_marts",
        "create or replace view reports.rpt_spend_by_tenant_daily as "
        "select * from marts.fct_tenant_costs_daily where tenant_id <> 'acme'",
    ),
    "unattributed spend missing from the report": (
        "assert_reports_tie_to_marts",
        "delete from marts.fct_unattributed_costs_daily",
    ),
    "unpriced spend missing from the report": (
        "assert_reports_tie_to_marts",
        "delete from marts.fct_unpriced_usage_daily",
    ),
    "an hour missing from the report": (
        "assert_newest_hours_tie_to_hourly_costs",
        "delete from reports.rpt_feature_model_hourly "
        "where hour_at = (select min(hour_at) from reports.rpt_feature_model_hourly)",
    ),
    "a tenant's day twice": (
        "unique_grain_fct_tenant_costs_daily_cost_date__tenant_id",
        "insert into marts.fct_tenant_costs_daily "
        "select * from marts.fct_tenant_costs_daily where tenant_id = 'acme'",
    ),
    "two contexts of one number": (
        "unique_grain_int_call_contexts_context_id",
        "insert into intermediate.int_call_contexts (context_id, tenant_id) "
        "select max(context_id), 'x' from intermediate.int_call_contexts",
    ),
    "two price keys of one hash": (
        "assert_price_keys_hash_apart",
        "insert into intermediate.int_price_keys_collected "
        "select * from intermediate.int_price_keys_collected limit 1",
    ),
    "a failed attempt's cost missing from the waste": (
        "assert_waste_is_what_single_calls_wasted",
        "delete from marts.fct_waste_daily where waste_category = 'failed'",
    ),
    "a thrown-away answer counted as a retry": (
        "assert_waste_is_what_single_calls_wasted",
        "update marts.fct_waste_daily set waste_category = 'retried' "
        "where waste_category = 'duplicate'",
    ),
    "waste beyond what was billed": (
        "assert_waste_is_within_billed_cost",
        "insert into marts.fct_waste_daily values "
        "('2026-10-01', 'acme', 'chat', 'cache_miss', false, 1, 1)",
    ),
    "a millionth of a millionth of a dollar wasted besides": (
        "assert_waste_is_within_billed_cost",
        "update marts.fct_waste_daily set waste_cost_usd = waste_cost_usd - 0.000000000001 "
        "where waste_category = 'failed'",
    ),
    "retries that the hourly costs forget": (
        "assert_calls_and_charges_equal_hourly_costs",
        f"update {CUBE} set retried_cost_usd = 0.000000000001 "
        "where hour_at = '2026-10-01 09:00:00+00'",
    ),
    "a served call that the hourly costs forget": (
        "assert_calls_and_charges_equal_hourly_costs",
        f"update {CUBE} set served_call_count = 0 where hour_at = '2026-10-01 09:00:00+00'",
    ),
    "a feature's month lost on the way to the cost levels": (
        "assert_cost_levels_sum_to_the_ledger",
        "delete from marts.fct_loaded_costs_monthly where feature = 'search'",
    ),
    "a millionth of a millionth of a dollar lost in allocation": (
        "assert_cost_levels_sum_to_the_ledger",
        "update marts.fct_loaded_costs_monthly "
        "set allocated_cost_usd = allocated_cost_usd - 0.000000000001 where feature = 'chat'",
    ),
    "an invoice's credit loaded and not in the bridge": (
        "assert_cost_levels_sum_to_the_ledger",
        "update marts.fct_loaded_costs_monthly set fully_loaded_cost_usd = 1 "
        "where feature = 'chat'",
    ),
    "an allocation that the levels do not know": (
        "assert_cost_levels_sum_to_the_ledger",
        "insert into marts.fct_cost_allocations_monthly (cost_month, allocation_level, "
        "allocated_cost_usd) values ('2026-10', 'shared', 0.5)",
    ),
    "a day's retrieval lost": (
        "assert_retrieval_costs_equal_hourly_costs",
        "delete from marts.fct_retrieval_costs_daily where feature = 'search'",
    ),
    "a cost of no kind": (
        "assert_retrieval_costs_equal_hourly_costs",
        "update marts.fct_retrieval_costs_daily set generation_cost_usd = 0 where feature = 'chat'",
    ),
    "a call twice": (
        "unique_grain_fct_calls_call_id__event_date",
        "create or replace view lake.calls as select * from lake_calls_kept "
        "union all select * from lake_calls_kept",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_fault_is_found(fault: str, built_lake: Path, tmp_path: Path) -> None:
    test, planting = FAULTS[fault]
    settings = Settings(data=tmp_path)
    settings.workshop.mkdir()
    shutil.copyfile(built_lake / "warehouse.duckdb", settings.draft)
    assert _run(settings, test) == ["pass"], "the test must pass before the fault is planted"
    with duckdb.connect(str(settings.draft)) as connection:
        connection.execute("create table lake_calls_kept as select * from lake.calls")
        write_touched_dates(connection, plan_full(connection, "planted fault"))
        for statement in planting.split(";"):
            connection.execute(statement)
    assert _run(settings, test) == ["fail"]


def _run(settings: Settings, test: str) -> list[str]:
    result = run_dbt(settings, ["test", "--select", test], PROJECT_SEEDS, manifest())
    return [node.status for node in result.nodes]
