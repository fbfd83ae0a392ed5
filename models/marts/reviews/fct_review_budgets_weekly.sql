/*
    Grain: budget_id, period, period_start_date.

    Budgets that were at risk in the reviewed week: of a monthly one its newest state in the week
    (two months may meet in it), of a daily or hourly one its worst day or hour, with how many
    there were. Hours count from their limit on.
*/
with

weeks as (

    select * from {{ ref('int_review_weeks') }}
    where weeks_ago = 0

),

status_daily as (

    select * from {{ ref('fct_budget_status_daily') }}

),

status_hourly as (

    select * from {{ ref('fct_budget_status_hourly') }}

),

in_week as (

    select
        weeks.week_start_date,
        status_daily.budget_id,
        status_daily.scope_type,
        status_daily.scope_id,
        status_daily.period,
        status_daily.owner,
        status_daily.cost_date,
        cast(null as timestamptz) as hour_at,
        case when status_daily.period = 'month' then status_daily.period_start_date end
            as month_start_date,
        status_daily.budget_usd,
        status_daily.spent_usd,
        status_daily.used_share,
        case when status_daily.period = 'month' then status_daily.forecast_usd end
            as forecast_usd,
        status_daily.forecast_low_usd,
        status_daily.forecast_high_usd,
        status_daily.exhaustion_date,
        status_daily.status
    from status_daily
    inner join weeks
        on status_daily.cost_date between weeks.week_start_date and weeks.week_end_date
    where status_daily.budget_usd is not null

    union all

    select
        weeks.week_start_date,
        status_hourly.budget_id,
        status_hourly.scope_type,
        status_hourly.scope_id,
        'hour' as period,
        status_hourly.owner,
        status_hourly.cost_date,
        status_hourly.hour_at,
        cast(null as date) as month_start_date,
        status_hourly.budget_usd,
        status_hourly.spent_usd,
        status_hourly.used_share,
        cast(null as decimal(38, 12)) as forecast_usd,
        cast(null as decimal(38, 12)) as forecast_low_usd,
        cast(null as decimal(38, 12)) as forecast_high_usd,
        cast(null as date) as exhaustion_date,
        case
            when status_hourly.status in ('exhausted', 'unknown') then status_hourly.status
            else 'ok'
        end as status
    from status_hourly
    inner join weeks
        on status_hourly.cost_date between weeks.week_start_date and weeks.week_end_date

),

graded as (

    select
        *,
        case status
            when 'exhausted' then 1
            when 'critical' then 2
            when 'page' then 3
            when 'warn' then 4
            when 'unknown' then 5
        end as urgency
    from in_week

),

ranked as (

    select
        *,
        row_number() over (
            partition by budget_id, period, month_start_date
            order by
                -- A month is as it was last, a day or an hour as bad as it got.
                case when period = 'month' then cost_date end desc nulls last,
                urgency asc nulls last,
                used_share desc nulls last,
                cost_date asc,
                hour_at asc
        ) as state_rank,
        sum(case when urgency is not null then 1 else 0 end)
            over (partition by budget_id, period, month_start_date) as risk_count
    from graded

),

final as (

    select
        week_start_date,
        budget_id,
        scope_type,
        scope_id,
        period,
        coalesce(month_start_date, cost_date) as period_start_date,
        hour_at,
        owner,
        cast(urgency as integer) as urgency,
        status,
        budget_usd,
        spent_usd,
        used_share,
        forecast_usd,
        forecast_low_usd,
        forecast_high_usd,
        exhaustion_date,
        cast(risk_count as bigint) as risk_count
    from ranked
    where
        state_rank = 1
        and urgency is not null

)

select * from final
