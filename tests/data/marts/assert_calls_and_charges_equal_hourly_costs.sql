/*
    The ledger (fct_calls), its charge lines and the hourly costs carry the same money, to the
    last digit. The ledger attributes each call by its signature, the hourly costs by their
    numbered contexts: two paths that must meet for every tenant and feature.
    Rows returned are dates, tenants and features that differ.
*/
with

ledger as (

    select
        event_date,
        tenant_id,
        feature,
        sum(case when component_index = 0 then 1 else 0 end) as call_count,
        sum(case when is_operation_start then 1 else 0 end) as operation_count,
        sum(billed_cost_usd) as billed_cost_usd,
        sum(chargeable_cost_usd) as chargeable_cost_usd,
        sum(case when component_index = 0 and is_served then 1 else 0 end) as served_call_count,
        sum(case
            when attempt_number > 1 and outcome <> 'success' then billed_cost_usd
            when billed_cost_usd is not null then 0
        end) as retried_cost_usd,
        sum(cache_savings_usd) as cache_savings_usd
    from {{ ref('fct_calls') }}
    where {{ in_tested_dates('event_date') }}
    group by
        event_date,
        tenant_id,
        feature

),

hourly as (

    select
        event_date,
        tenant_id,
        feature,
        sum(call_count) as call_count,
        sum(operation_count) as operation_count,
        sum(billed_cost_usd) as billed_cost_usd,
        sum(chargeable_cost_usd) as chargeable_cost_usd,
        sum(served_call_count) as served_call_count,
        sum(retried_cost_usd) as retried_cost_usd,
        sum(cache_savings_usd) as cache_savings_usd
    from {{ ref('fct_costs_hourly') }}
    where {{ in_tested_dates('event_date') }}
    group by
        event_date,
        tenant_id,
        feature

),

charges as (

    select
        event_date,
        sum(cost_usd) as billed_cost_usd
    from {{ ref('fct_call_charges') }}
    where {{ in_tested_dates('event_date') }}
    group by event_date

),

billed as (

    select
        event_date,
        sum(billed_cost_usd) as billed_cost_usd
    from hourly
    group by event_date

)

select
    'fct_calls' as compared,
    coalesce(ledger.event_date, hourly.event_date) as event_date,
    coalesce(ledger.tenant_id, hourly.tenant_id) as tenant_id,
    coalesce(ledger.feature, hourly.feature) as feature,
    ledger.billed_cost_usd,
    hourly.billed_cost_usd as hourly_billed_cost_usd
from ledger
full outer join hourly
    on
        ledger.event_date = hourly.event_date
        and ledger.tenant_id = hourly.tenant_id
        and ledger.feature = hourly.feature
where
    ledger.call_count is distinct from hourly.call_count
    or ledger.operation_count is distinct from hourly.operation_count
    or ledger.billed_cost_usd is distinct from hourly.billed_cost_usd
    or ledger.chargeable_cost_usd is distinct from hourly.chargeable_cost_usd
    or ledger.served_call_count is distinct from hourly.served_call_count
    or ledger.retried_cost_usd is distinct from hourly.retried_cost_usd
    or ledger.cache_savings_usd is distinct from hourly.cache_savings_usd

union all

select
    'fct_call_charges' as compared,
    coalesce(charges.event_date, billed.event_date) as event_date,
    null as tenant_id,
    null as feature,
    charges.billed_cost_usd,
    billed.billed_cost_usd as hourly_billed_cost_usd
from charges
full outer join billed
    on charges.event_date = billed.event_date
-- A date of calls that cost nothing has no charge line: nothing and 0 are the same there.
where coalesce(charges.billed_cost_usd, 0) is distinct from coalesce(billed.billed_cost_usd, 0)
