/*
    What a day's calls cost by kind of work is all they cost, by tenant and feature.
    Rows returned are days, tenants and features that differ.
*/
with

kinds as (

    select
        cost_date,
        tenant_id,
        feature,
        call_count,
        billed_cost_usd,
        generation_cost_usd
        + embedding_cost_usd
        + rerank_cost_usd
        + retrieval_cost_usd
        + other_cost_usd as summed_cost_usd
    from {{ ref('fct_retrieval_costs_daily') }}
    where {{ in_touched_reporting_days('cost_date') }}

),

hourly as (

    select
        reporting_date as cost_date,
        tenant_id,
        feature,
        sum(call_count) as call_count,
        sum(billed_cost_usd) as billed_cost_usd
    from {{ ref('fct_costs_hourly') }}
    where {{ in_touched_reporting_days('reporting_date') }}
    group by
        reporting_date,
        tenant_id,
        feature

)

select
    coalesce(kinds.cost_date, hourly.cost_date) as cost_date,
    coalesce(kinds.tenant_id, hourly.tenant_id) as tenant_id,
    coalesce(kinds.feature, hourly.feature) as feature,
    kinds.summed_cost_usd,
    hourly.billed_cost_usd
from kinds
full outer join hourly
    on
        kinds.cost_date = hourly.cost_date
        and kinds.tenant_id = hourly.tenant_id
        and kinds.feature = hourly.feature
where
    kinds.call_count is distinct from hourly.call_count
    or kinds.billed_cost_usd is distinct from hourly.billed_cost_usd
    or kinds.summed_cost_usd is distinct from hourly.billed_cost_usd
