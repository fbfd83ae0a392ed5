/*
    Grain: budget_id. Where each budget that holds on the newest day with calls stands: what a
    budget feed and the list of budgets at risk are made of. A budget whose scope has not been
    active stands at 0. peak_hour_cost_usd is the dearest hour of its scope in 90 days, NULL where
    it never cost anything.
*/
with

known as (

    select * from {{ ref('int_days_known') }}

),

budgets as (

    select * from {{ ref('int_budgets_in_force') }}

),

status_daily as (

    select * from {{ ref('fct_budget_status_daily') }}

),

status_hourly as (

    select * from {{ ref('fct_budget_status_hourly') }}

),

costs as (

    select * from {{ ref('int_budget_costs_hourly') }}

),

in_force as (

    select
        budgets.*,
        known.newest_hour_at,
        known.newest_day
    from budgets
    inner join known
        on
            budgets.valid_from <= known.newest_day
            and budgets.valid_to > known.newest_day

),

peaks as (

    select
        costs.scope_type,
        costs.scope_id,
        max(costs.cost_usd) as peak_hour_cost_usd
    from costs
    inner join known
        on
            costs.hour_at > known.newest_hour_at - interval 90 day
            and costs.hour_at <= known.newest_hour_at
    group by
        costs.scope_type,
        costs.scope_id

),

recent_hours as (

    select
        status_hourly.budget_id,
        count(*) as hours_above_limit_count,
        max(status_hourly.excess_usd) as worst_hour_excess_usd
    from status_hourly
    inner join known
        on
            status_hourly.hour_at > known.newest_hour_at - interval 24 hour
            and status_hourly.hour_at <= known.newest_hour_at
    where status_hourly.excess_usd > 0
    group by status_hourly.budget_id

),

joined as (

    select
        in_force.*,
        status_daily.forecast_usd,
        status_daily.forecast_low_usd,
        status_daily.forecast_high_usd,
        status_daily.pace_ratio,
        status_daily.exhaustion_date,
        coalesce(status_daily.is_80_percent_in_week_one, false) as is_80_percent_in_week_one,
        coalesce(status_daily.unpriced_call_count, status_hourly.unpriced_call_count, 0)
            as unpriced_call_count,
        coalesce(recent_hours.hours_above_limit_count, 0) as hours_above_limit_count,
        recent_hours.worst_hour_excess_usd,
        peaks.peak_hour_cost_usd,
        coalesce(
            status_daily.status,
            status_hourly.status,
            case when in_force.budget_usd <= 0 then 'exhausted' else 'ok' end
        ) as status,
        -- No row means no call: nothing spent is known, not guessed.
        case
            when status_daily.budget_id is not null then status_daily.spent_usd
            when status_hourly.budget_id is not null then status_hourly.spent_usd
            else 0
        end as spent_usd
    from in_force
    left join status_daily
        on
            in_force.budget_id = status_daily.budget_id
            and in_force.newest_day = status_daily.cost_date
    left join status_hourly
        on
            in_force.budget_id = status_hourly.budget_id
            and in_force.newest_hour_at = status_hourly.hour_at
    left join recent_hours
        on in_force.budget_id = recent_hours.budget_id
    left join peaks
        on
            in_force.scope_type = peaks.scope_type
            and in_force.scope_id = peaks.scope_id

),

final as (

    select
        budget_id,
        budget_source,
        owner,
        scope_type,
        scope_id,
        period,
        case
            when period = 'month' then cast(date_trunc('month', newest_day) as date)
            else newest_day
        end as period_start_date,
        case when period = 'hour' then newest_hour_at end as hour_at,
        newest_hour_at as as_of_at,
        budget_usd,
        cast(spent_usd as decimal(38, 12)) as spent_usd,
        cast(budget_usd - spent_usd as decimal(38, 12)) as remaining_usd,
        {{ share_of('spent_usd', 'budget_usd') }} as used_share,
        pace_ratio,
        forecast_usd,
        forecast_low_usd,
        forecast_high_usd,
        exhaustion_date,
        is_80_percent_in_week_one,
        hours_above_limit_count,
        worst_hour_excess_usd,
        peak_hour_cost_usd,
        unpriced_call_count,
        status
    from joined

)

select * from final
