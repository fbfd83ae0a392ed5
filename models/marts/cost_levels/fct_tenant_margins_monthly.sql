/*
    Grain: cost_month, tenant_id.

    What a tenant pays for a month, less what it costs fully loaded. A tenant without a contract
    has unknown revenue, hence an unknown margin: NULL, never 0. A contract without calls has its
    row. While a month is open its fee stands against a part of its cost: `projected_margin_usd`
    is the figure to read then.
*/
{% set key = ['cost_month', 'tenant_id'] %}

with

loaded_costs as (

    select * from {{ ref('fct_loaded_costs_monthly') }}

),

revenues as (

    select * from {{ ref('int_tenant_revenues_monthly') }}

),

forecasts as (

    select * from {{ ref('int_tenant_forecasts_monthly') }}

),

month_ends as (

    select
        cost_month,
        max(case when is_month_complete then 1 else 0 end) as is_complete
    from forecasts
    group by cost_month

),

tenant_costs as (

    select
        cost_month,
        tenant_id,
        cast(sum(call_count) as bigint) as call_count,
        cast(sum(unpriced_call_count) as bigint) as unpriced_call_count,
        cast(sum(direct_cost_usd) as decimal(38, 12)) as direct_cost_usd,
        cast(sum(allocated_cost_usd) as decimal(38, 12)) as allocated_cost_usd,
        cast(sum(fully_loaded_cost_usd) as decimal(38, 12)) as cost_usd
    from loaded_costs
    group by cost_month, tenant_id

),

-- A tenant without calls costs nothing; one with unpriced calls only costs nobody knows what.
joined as (

    select
        {% for column in key %}
            coalesce(tenant_costs.{{ column }}, revenues.{{ column }}) as {{ column }},
        {% endfor %}
        revenues.plan,
        revenues.revenue_source,
        revenues.usage_usd,
        revenues.overage_usd,
        revenues.revenue_usd,
        revenues.projected_revenue_usd,
        coalesce(tenant_costs.call_count, 0) as call_count,
        coalesce(tenant_costs.unpriced_call_count, 0) as unpriced_call_count,
        case
            when tenant_costs.tenant_id is null then cast(0 as decimal(38, 12))
            else tenant_costs.direct_cost_usd
        end as direct_cost_usd,
        case
            when tenant_costs.tenant_id is null then cast(0 as decimal(38, 12))
            else tenant_costs.allocated_cost_usd
        end as allocated_cost_usd,
        case
            when tenant_costs.tenant_id is null then cast(0 as decimal(38, 12))
            else tenant_costs.cost_usd
        end as cost_usd
    from tenant_costs
    full outer join revenues
        on {{ columns_equal('tenant_costs', 'revenues', key) }}

),

-- What is loaded on direct cost is taken to grow as direct cost does.
growing as (

    select
        joined.*,
        coalesce(month_ends.is_complete, 0) = 1 as is_month_complete,
        forecasts.method as forecast_method,
        forecasts.as_of_date as forecast_as_of_date,
        forecasts.forecast_usd,
        forecasts.forecast_low_usd,
        forecasts.forecast_high_usd,
        case
            when joined.direct_cost_usd > 0
                then {{ share_of_money(
                    'joined.cost_usd - joined.direct_cost_usd',
                    'least(greatest('
                    ~ share_of('forecasts.forecast_usd', 'joined.direct_cost_usd') ~ ', 1), 31)'
                ) }}
        end as coming_load_usd
    from joined
    left join month_ends
        on joined.cost_month = month_ends.cost_month
    left join forecasts
        on {{ columns_equal('joined', 'forecasts', key) }}

),

projected as (

    select
        *,
        case
            when is_month_complete then cost_usd
            else coalesce(cast(forecast_usd + coming_load_usd as decimal(38, 12)), cost_usd)
        end as projected_cost_usd,
        case
            when is_month_complete then cost_usd
            else cast(forecast_low_usd + coming_load_usd as decimal(38, 12))
        end as projected_cost_low_usd,
        case
            when is_month_complete then cost_usd
            else cast(forecast_high_usd + coming_load_usd as decimal(38, 12))
        end as projected_cost_high_usd,
        case
            when is_month_complete then revenue_usd
            else projected_revenue_usd
        end as expected_revenue_usd
    from growing

),

final as (

    select
        cost_month,
        tenant_id,
        plan,
        revenue_source,
        call_count,
        unpriced_call_count,
        is_month_complete,
        usage_usd,
        overage_usd,
        revenue_usd,
        direct_cost_usd,
        allocated_cost_usd,
        cost_usd,
        cast(revenue_usd - cost_usd as decimal(38, 12)) as margin_usd,
        {{ share_of('revenue_usd - cost_usd', 'revenue_usd') }} as margin_share,
        expected_revenue_usd as projected_revenue_usd,
        projected_cost_usd,
        projected_cost_low_usd,
        projected_cost_high_usd,
        cast(expected_revenue_usd - projected_cost_usd as decimal(38, 12))
            as projected_margin_usd,
        forecast_method,
        forecast_as_of_date,
        expected_revenue_usd - projected_cost_usd < 0 as costs_more_than_it_pays
    from projected

)

select * from final
