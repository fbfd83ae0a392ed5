/*
    No dollar is wasted twice: of a tenant's day, all waste together is no more than was billed,
    and what served nobody is exactly billed less chargeable. Held against the tenant costs.
    Rows returned are days and tenants where it is not so.
*/
with

waste as (

    select
        cost_date,
        tenant_id,
        coalesce(sum(waste_cost_usd), 0) as waste_cost_usd,
        coalesce(sum(case when is_unserved then waste_cost_usd end), 0) as unserved_cost_usd
    from {{ ref('fct_waste_daily') }}
    where {{ in_touched_reporting_days('cost_date') }}
    group by cost_date, tenant_id

),

costs as (

    select
        cost_date,
        tenant_id,
        coalesce(billed_cost_usd, 0) as billed_cost_usd,
        coalesce(billed_cost_usd - chargeable_cost_usd, 0) as unserved_cost_usd
    from {{ ref('fct_tenant_costs_daily') }}
    where {{ in_touched_reporting_days('cost_date') }}

)

select
    coalesce(waste.cost_date, costs.cost_date) as cost_date,
    coalesce(waste.tenant_id, costs.tenant_id) as tenant_id,
    waste.waste_cost_usd,
    waste.unserved_cost_usd,
    costs.billed_cost_usd,
    costs.unserved_cost_usd as billed_less_chargeable_usd
from costs
full outer join waste
    on
        costs.cost_date = waste.cost_date
        and costs.tenant_id = waste.tenant_id
where
    coalesce(waste.unserved_cost_usd, 0) is distinct from costs.unserved_cost_usd
    or coalesce(waste.waste_cost_usd, 0) > greatest(costs.billed_cost_usd, 0)
