{{ config(materialized='table') }}

/*
    Grain: cost_month, tenant_id.
    What each tenant cost and used in a month, and what the newest forecast of an open month says.
    A month is complete when a later day has calls.
*/
with

costs as (

    select * from {{ ref('int_costs_summed_daily') }}

),

forecasts as (

    select * from {{ ref('int_spend_forecasts_daily') }}
    where scope_type = 'tenant'

),

known as (

    select max(cost_date) as last_known_date
    from costs

),

months as (

    select
        {{ billing_month_of('cost_date') }} as cost_month,
        tenant_id,
        cast(sum(billed_cost_usd) as decimal(38, 12)) as billed_cost_usd,
        cast(sum(chargeable_cost_usd) as decimal(38, 12)) as chargeable_cost_usd
    from costs
    group by {{ billing_month_of('cost_date') }}, tenant_id

),

forecasts_ranked as (

    select
        *,
        row_number() over (
            partition by month_start_date, scope_id
            order by as_of_date desc
        ) as forecast_rank
    from forecasts

),

final as (

    select
        months.cost_month,
        months.tenant_id,
        months.billed_cost_usd,
        months.chargeable_cost_usd,
        known.last_known_date > {{ last_day_of('months.cost_month') }} as is_month_complete,
        forecasts_ranked.as_of_date,
        forecasts_ranked.spent_usd,
        forecasts_ranked.forecast_usd,
        forecasts_ranked.forecast_low_usd,
        forecasts_ranked.forecast_high_usd,
        forecasts_ranked.method
    from months
    cross join known
    left join forecasts_ranked
        on
            {{ first_day_of('months.cost_month') }} = forecasts_ranked.month_start_date
            and months.tenant_id = forecasts_ranked.scope_id
            and forecasts_ranked.forecast_rank = 1

)

select * from final
