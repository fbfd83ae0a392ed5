/*
    Grain: budget_id. Budgets that are spent, will be, or were above their hourly limit within the
    last 24 hours, the worst first; and those nobody can judge, because no call has a known price.
*/
with

positions as (

    select * from {{ ref('fct_budget_positions') }}

),

at_risk as (

    select
        *,
        case
            when hours_above_limit_count > 0 then 'above its hourly limit in the last 24 hours'
            when status = 'exhausted' then 'spent'
            when status = 'critical' then 'a large share of the month went in its first days'
            when status = 'page' then 'even the low forecast is above it'
            when status = 'warn' and period = 'month' then 'the forecast is above it'
            when status = 'warn' then 'nearly spent'
            when status = 'unknown' then 'no call has a known price'
        end as reason
    from positions

),

final as (

    select
        case
            when status = 'exhausted' then 1
            when status = 'critical' then 2
            when status = 'page' or hours_above_limit_count > 0 then 3
            when status = 'warn' then 4
            else 5
        end as urgency,
        status,
        reason,
        scope_type,
        scope_id,
        period,
        budget_id,
        owner,
        budget_usd,
        spent_usd,
        remaining_usd,
        used_share,
        pace_ratio,
        forecast_usd,
        forecast_low_usd,
        forecast_high_usd,
        exhaustion_date,
        hours_above_limit_count,
        worst_hour_excess_usd,
        unpriced_call_count,
        as_of_at
    from at_risk
    where reason is not null

)

select * from final
