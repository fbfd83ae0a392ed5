/* Grain: tenant_id. Every tenant that has cost something or that people have named. */
with

costs as (

    select * from {{ ref('fct_tenant_costs_daily') }}

),

tenants as (

    select * from {{ ref('tenants') }}

),

seen as (

    select
        tenant_id,
        min(cost_date) as first_cost_date,
        max(cost_date) as last_cost_date
    from costs
    group by tenant_id

),

named_over_time as (

    select
        tenant_id,
        tenant_name,
        plan,
        row_number() over (
            partition by tenant_id
            order by valid_from desc nulls last
        ) as recency
    from tenants

),

named as (

    select * from named_over_time
    where recency = 1

),

final as (

    select
        coalesce(seen.tenant_id, named.tenant_id) as tenant_id,
        coalesce(named.tenant_name, seen.tenant_id, named.tenant_id) as tenant_name,
        named.plan,
        named.tenant_id is not null as is_named,
        seen.first_cost_date,
        seen.last_cost_date
    from seen
    full outer join named
        on seen.tenant_id = named.tenant_id

)

select * from final
