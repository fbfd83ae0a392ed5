/*
    What a tenant's monthly row says it has spent is the sum of its days in fct_tenant_costs_daily.
    Rows are those of the newest day, where a month to date has most to be wrong about.
    Rows returned are tenants that differ; NULL, no known price, is not 0.
*/
with

newest as (

    select max(cost_date) as cost_date
    from {{ ref('fct_budget_status_daily') }}

),

found as (

    select distinct
        status.scope_id as tenant_id,
        status.spent_usd
    from {{ ref('fct_budget_status_daily') }} as status
    inner join newest
        on status.cost_date = newest.cost_date
    where
        status.scope_type = 'tenant'
        and status.period = 'month'

),

expected as (

    select
        costs.tenant_id,
        sum(costs.billed_cost_usd) as spent_usd
    from {{ ref('fct_tenant_costs_daily') }} as costs
    inner join newest
        on
            costs.cost_date <= newest.cost_date
            and costs.cost_date >= date_trunc('month', newest.cost_date)
    group by costs.tenant_id

)

select
    coalesce(expected.tenant_id, found.tenant_id) as tenant_id,
    expected.spent_usd as daily_cost_usd,
    found.spent_usd as budget_spent_usd
from expected
full outer join found
    on expected.tenant_id = found.tenant_id
where
    coalesce(expected.spent_usd, 0) <> coalesce(found.spent_usd, 0)
    or (found.tenant_id is null and expected.tenant_id is not null)
    or (expected.spent_usd is not null and found.spent_usd is null)
