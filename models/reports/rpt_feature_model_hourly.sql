{{ config(materialized='table') }}

/*
    Grain: hour_at, feature, provider, model.
    The last hours of the data, counted back from its newest hour and not from the clock, so the
    report is the same whenever it is made. A table, because its window is written in as a literal
    when it is built, so that the build reads two days of the hourly costs and not all of them.
*/
with

costs as (

    select * from {{ ref('fct_costs_hourly') }}
    where {{ in_newest_days('event_date', ref('fct_model_costs_daily'), 'cost_date') }}

),

newest as (

    select max(hour_at) as hour_at
    from costs

),

final as (

    select
        costs.hour_at,
        costs.feature,
        costs.provider,
        costs.model,
        cast(sum(costs.call_count) as bigint) as call_count,
        cast(
            sum(
                coalesce(costs.uncached_input_tokens, 0)
                + coalesce(costs.cache_read_tokens, 0)
                + coalesce(costs.cache_write_5m_tokens, 0)
                + coalesce(costs.cache_write_1h_tokens, 0)
            ) as bigint
        ) as input_tokens,
        cast(sum(costs.output_tokens) as bigint) as output_tokens,
        cast(sum(costs.unpriced_call_count) as bigint) as unpriced_call_count,
        cast(sum(costs.billed_cost_usd) as decimal(38, 12)) as billed_cost_usd
    from costs
    cross join newest
    where costs.hour_at > newest.hour_at - interval {{ var('recent_hours') }} hour
    group by
        costs.hour_at,
        costs.feature,
        costs.provider,
        costs.model

)

select * from final
