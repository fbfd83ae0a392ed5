/*
    The attempts that served nobody, counted and summed call by call from the ledger: the same
    calls and dollars in each category as the waste ledger, which is made of hourly sums. Together
    they are billed less chargeable cost, because every call that did not serve is in one.
    Rows returned are days, tenants, features and categories that differ.
*/
with

calls as (

    select
        {{ reporting_date('started_at', 'event_date') }} as cost_date,
        tenant_id,
        feature,
        case
            when outcome = 'success' then 'duplicate'
            when attempt_number > 1 then 'retried'
            when outcome = 'timeout' then 'timed_out'
            when outcome = 'aborted' then 'aborted'
            else 'failed'
        end as waste_category,
        case when component_index = 0 then 1 else 0 end as is_call,
        billed_cost_usd
    from {{ ref('fct_calls') }}
    where
        {{ in_dates_around_tested('event_date') }}
        and not is_served

),

ledger as (

    select
        cost_date,
        tenant_id,
        feature,
        waste_category,
        sum(is_call) as call_count,
        sum(billed_cost_usd) as waste_cost_usd
    from calls
    where {{ in_tested_dates('cost_date') }}
    group by
        cost_date,
        tenant_id,
        feature,
        waste_category
    having sum(is_call) > 0 or sum(billed_cost_usd) <> 0

),

waste as (

    select * from {{ ref('fct_waste_daily') }}
    where
        is_unserved
        and {{ in_tested_dates('cost_date') }}

)

select
    coalesce(ledger.cost_date, waste.cost_date) as cost_date,
    coalesce(ledger.tenant_id, waste.tenant_id) as tenant_id,
    coalesce(ledger.feature, waste.feature) as feature,
    coalesce(ledger.waste_category, waste.waste_category) as waste_category,
    ledger.call_count as ledger_call_count,
    waste.call_count as waste_call_count,
    ledger.waste_cost_usd as ledger_cost_usd,
    waste.waste_cost_usd
from ledger
full outer join waste
    on
        ledger.cost_date = waste.cost_date
        and ledger.tenant_id = waste.tenant_id
        and ledger.feature = waste.feature
        and ledger.waste_category = waste.waste_category
where
    ledger.call_count is distinct from waste.call_count
    or ledger.waste_cost_usd is distinct from waste.waste_cost_usd
