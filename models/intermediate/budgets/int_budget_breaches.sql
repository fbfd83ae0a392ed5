{{ config(materialized='table') }}

/*
    Grain: incident_id, spell, metric, level; budgets of the last five weeks.

    When a budget's period first reached each level: 1 the forecast is above it (of a day: nearly
    spent), 2 even the low forecast is (an hour: spent), 3 a large share went early (an hour: a
    multiple of it), 4 spent. An incident is one budget, amount and period, its hours together by
    day: a changed amount is another. A month that was ok for so many whole days is over its spell.

    A forecast counts from the end of its day, money from the hour that passed the line: a day that
    is still running says nothing that its end would take back.
*/
{% set window_days = 35 %}

with

status_daily as (

    select * from {{ ref('fct_budget_status_daily') }}

),

status_hourly as (

    select * from {{ ref('fct_budget_status_hourly') }}

),

costs as (

    select * from {{ ref('int_budget_costs_hourly') }}

),

known as (

    select * from {{ ref('int_days_known') }}

),

clock as (

    select * from {{ ref('int_outcomes_as_of') }}

),

rules as (

    select
        max(case when rule_name = 'near_limit_share' then rule_value end) as near_limit_share,
        max(case when rule_name = 'early_spend_share' then rule_value end) as early_spend_share,
        max(case when rule_name = 'critical_multiple' then rule_value end) as critical_multiple
    from {{ ref('forecast_rules') }}

),

-- Months whole: what is told of one begins at its start.
days as (

    select
        status_daily.*,
        {{ budget_incident_id('status_daily') }} as incident_id,
        known.newest_day,
        known.last_complete_day,
        status_daily.status = 'ok' and status_daily.is_complete_day as is_ok_day,
        case status_daily.status
            when 'exhausted' then status_daily.spent_usd > 0
            when 'critical' then true
            when 'page' then status_daily.is_complete_day
            when 'warn' then status_daily.is_complete_day or status_daily.period = 'day'
            else false
        end as is_breach
    from status_daily
    cross join known
    where
        status_daily.budget_source <> 'none'
        and status_daily.cost_date >= case
            when status_daily.period = 'day'
                then cast(known.newest_day - interval {{ window_days }} day as date)
            else
                cast(
                    date_trunc('month', known.newest_day - interval {{ window_days }} day) as date
                )
        end

),

counted as (

    select
        *,
        sum(case when is_ok_day then 1 else 0 end) over (
            partition by incident_id order by cost_date
            rows between unbounded preceding and current row
        ) as ok_day_count
    from days

),

breach_days as (

    select
        *,
        lag(ok_day_count) over (partition by incident_id order by cost_date) as ok_day_count_before
    from counted
    where is_breach

),

spelled as (

    select
        *,
        1 + sum(
            case
                when ok_day_count - ok_day_count_before >= {{ var('budget_ok_days') }} then 1
                else 0
            end
        ) over (
            partition by incident_id order by cost_date
            rows between unbounded preceding and current row
        ) as spell
    from breach_days

),

spells as (

    select
        incident_id,
        spell,
        max(cost_date) as last_breach_date,
        max(ok_day_count) as ok_day_count
    from spelled
    group by
        incident_id,
        spell

),

periods as (

    select
        incident_id,
        max(cost_date) as last_date,
        max(cost_date) < max(newest_day)
        or max(case when open_days = 0 and cost_date <= last_complete_day then 1 else 0 end) = 1
            as is_over
    from counted
    group by incident_id

),

recovered as (

    select
        spells.incident_id,
        spells.spell,
        min(counted.cost_date) as ok_date
    from spells
    inner join counted
        on
            spells.incident_id = counted.incident_id
            and spells.last_breach_date < counted.cost_date
    where counted.ok_day_count - spells.ok_day_count >= {{ var('budget_ok_days') }}
    group by
        spells.incident_id,
        spells.spell

),

resolved as (

    select
        spells.incident_id,
        spells.spell,
        coalesce(recovered.ok_date, case when periods.is_over then periods.last_date end)
            as resolved_date
    from spells
    inner join periods
        on spells.incident_id = periods.incident_id
    left join recovered
        on
            spells.incident_id = recovered.incident_id
            and spells.spell = recovered.spell

),

facts as (

    select
        incident_id,
        spell,
        cost_date,
        'budget_spent_usd' as metric,
        4 as level
    from spelled
    where status = 'exhausted'

    union all

    select
        incident_id,
        spell,
        cost_date,
        'early_budget_share' as metric,
        3 as level
    from spelled
    where is_80_percent_in_week_one

    union all

    select
        incident_id,
        spell,
        cost_date,
        'budget_forecast_usd' as metric,
        case
            when is_80_percent_in_week_one then 3
            when status = 'page' then 2
            else 1
        end as level
    from spelled
    where is_80_percent_in_week_one or status in ('page', 'warn') or period = 'day'

),

first_days as (

    select
        incident_id,
        spell,
        metric,
        level,
        min(cost_date) as cost_date
    from facts
    group by
        incident_id,
        spell,
        metric,
        level

),

reached as (

    select
        first_days.*,
        spelled.budget_id,
        spelled.scope_type,
        spelled.scope_id,
        spelled.period,
        spelled.period_start_date,
        spelled.budget_usd,
        spelled.owner,
        resolved.resolved_date,
        case
            when spelled.period = 'day' then 0
            else spelled.spent_usd - coalesce(spelled.day_spent_usd, 0)
        end as spent_before_usd,
        case
            when first_days.level = 4 then spelled.budget_usd
            when first_days.level = 3 then spelled.budget_usd * rules.early_spend_share
            when spelled.period = 'day' then spelled.budget_usd * rules.near_limit_share
        end as line_usd
    from first_days
    inner join spelled
        on
            first_days.incident_id = spelled.incident_id
            and first_days.cost_date = spelled.cost_date
    inner join resolved
        on
            first_days.incident_id = resolved.incident_id
            and first_days.spell = resolved.spell
    cross join rules

),

hours as (

    select
        reached.incident_id,
        reached.spell,
        reached.metric,
        reached.level,
        reached.line_usd,
        costs.hour_at,
        reached.spent_before_usd + sum(costs.cost_usd) over (
            partition by reached.incident_id, reached.spell, reached.metric, reached.level
            order by costs.hour_at
            rows between unbounded preceding and current row
        ) as spent_usd
    from reached
    inner join costs
        on
            reached.scope_type = costs.scope_type
            and reached.scope_id = costs.scope_id
            and reached.cost_date = costs.reporting_date
    where reached.line_usd is not null

),

passed as (

    select
        incident_id,
        spell,
        metric,
        level,
        min(hour_at) as hour_at
    from hours
    where spent_usd >= line_usd
    group by
        incident_id,
        spell,
        metric,
        level

),

dear_hours as (

    select
        status_hourly.*,
        {{ budget_incident_id('status_hourly', 'hour') }} as incident_id,
        case
            when status_hourly.scope_type = 'tenant' then 'hourly_spend_usd'
            else 'budget_spent_usd'
        end as metric,
        case
            when status_hourly.spent_usd >= status_hourly.budget_usd * rules.critical_multiple
                then 3
            else 2
        end as level,
        known.last_complete_day
    from status_hourly
    cross join known
    cross join rules
    where
        status_hourly.excess_usd > 0
        and status_hourly.cost_date
        >= cast(known.newest_day - interval {{ window_days }} day as date)

),

combined as (

    select
        reached.incident_id,
        reached.spell,
        reached.metric,
        reached.level,
        reached.budget_id,
        reached.scope_type,
        reached.scope_id,
        reached.period,
        reached.period_start_date,
        reached.budget_usd,
        reached.owner,
        reached.cost_date,
        reached.resolved_date,
        passed.hour_at
    from reached
    left join passed
        on
            reached.incident_id = passed.incident_id
            and reached.spell = passed.spell
            and reached.metric = passed.metric
            and reached.level = passed.level

    union all

    select
        incident_id,
        1 as spell,
        metric,
        level,
        budget_id,
        scope_type,
        scope_id,
        'hour' as period,
        cost_date as period_start_date,
        budget_usd,
        max(owner) as owner,
        cost_date,
        max(case when cost_date <= last_complete_day then cost_date end) as resolved_date,
        min(hour_at) as hour_at
    from dear_hours
    group by
        incident_id,
        metric,
        level,
        budget_id,
        scope_type,
        scope_id,
        budget_usd,
        cost_date

),

final as (

    select
        combined.incident_id,
        cast(combined.spell as integer) as spell,
        combined.metric,
        combined.level,
        combined.budget_id,
        combined.scope_type,
        combined.scope_id,
        combined.period,
        combined.period_start_date,
        combined.budget_usd,
        combined.owner,
        combined.cost_date,
        combined.resolved_date,
        coalesce(combined.hour_at, {{ end_of_reporting_day('combined.cost_date') }}) as occurred_at,
        least(
            coalesce(
                cast(combined.hour_at + interval 1 hour as timestamptz),
                {{ end_of_reporting_day('combined.cost_date') }}
            ),
            clock.as_of
        ) as known_at,
        case
            when combined.resolved_date is not null
                then {{ end_of_reporting_day('combined.resolved_date') }}
        end as resolved_at
    from combined
    cross join clock

)

select * from final
