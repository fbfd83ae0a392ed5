/*
    Grain: hour_at, feature, provider, model.
    The last hours of the data, counted back from its newest hour and not from the clock, so the
    report is the same whenever it is made.
*/
with

costs as (

    select * from {{ ref('fct_costs_hourly') }}

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
