/*
    Grain: cost_month, tenant_id.
    What each tenant pays and costs, worst margin first, beside how the month's tenants do.
    Only margins that are known have a rank; the others are listed, not judged.
*/
with

margins as (

    select * from {{ ref('fct_tenant_margins_monthly') }}

),

tenants as (

    select * from {{ ref('dim_tenants') }}

),

ranked as (

    select
        *,
        case
            when projected_margin_usd is not null
                then row_number() over (
                    partition by cost_month
                    order by
                        case when projected_margin_usd is null then 1 else 0 end,
                        projected_margin_usd,
                        tenant_id
                )
        end as margin_rank,
        count(projected_margin_usd) over (partition by cost_month) as known_count,
        sum(case when costs_more_than_it_pays then 1 else 0 end) over (partition by cost_month)
            as losing_count
    from margins

),

final as (

    select
        ranked.cost_month,
        cast(ranked.margin_rank as bigint) as margin_rank,
        ranked.tenant_id,
        tenants.tenant_name,
        ranked.plan,
        ranked.revenue_source,
        ranked.is_month_complete,
        ranked.revenue_usd,
        ranked.direct_cost_usd,
        ranked.cost_usd,
        ranked.margin_usd,
        ranked.margin_share,
        ranked.projected_revenue_usd,
        ranked.projected_cost_usd,
        ranked.projected_cost_low_usd,
        ranked.projected_cost_high_usd,
        ranked.projected_margin_usd,
        ranked.costs_more_than_it_pays,
        ranked.unpriced_call_count,
        cast(ranked.losing_count as bigint) as losing_tenant_count,
        cast(ranked.known_count as bigint) as known_tenant_count,
        -- The margin that a tenth of the tenants do not reach.
        max(case
            when ranked.margin_rank = ceil(0.1 * ranked.known_count)
                then ranked.projected_margin_usd
        end) over (partition by ranked.cost_month) as p10_margin_usd
    from ranked
    left join tenants
        on ranked.tenant_id = tenants.tenant_id

)

select * from final
