/*
    Each report carries the money or the calls of the mart it is made from, all days together;
    the unattributed and the unpriced reports against the trust columns of another mart.
    Rows returned are reports that differ.
*/
with

tenant_costs as (

    select
        sum(billed_cost_usd) as billed_cost_usd,
        sum(unattributed_cost_usd) as unattributed_cost_usd,
        sum(unpriced_call_count) as unpriced_call_count
    from {{ ref('fct_tenant_costs_daily') }}

),

compared as (

    select
        'rpt_spend_by_tenant_daily' as report,
        (select sum(billed_cost_usd) from {{ ref('rpt_spend_by_tenant_daily') }}) as in_report,
        (select billed_cost_usd from tenant_costs) as in_mart
    union all
    select
        'rpt_spend_by_feature_daily' as report,
        (select sum(billed_cost_usd) from {{ ref('rpt_spend_by_feature_daily') }}) as in_report,
        (select billed_cost_usd from tenant_costs) as in_mart
    union all
    select
        'rpt_spend_by_model_daily' as report,
        (select sum(billed_cost_usd) from {{ ref('rpt_spend_by_model_daily') }}) as in_report,
        (select billed_cost_usd from tenant_costs) as in_mart
    union all
    select
        'rpt_unattributed_spend' as report,
        (select sum(billed_cost_usd) from {{ ref('rpt_unattributed_spend') }}) as in_report,
        (select unattributed_cost_usd from tenant_costs) as in_mart
    union all
    select
        'rpt_unpriced_spend' as report,
        (select sum(call_count) from {{ ref('rpt_unpriced_spend') }}) as in_report,
        (select unpriced_call_count from tenant_costs) as in_mart

)

select
    report,
    in_report,
    in_mart
from compared
where coalesce(in_report, 0) is distinct from coalesce(in_mart, 0)
