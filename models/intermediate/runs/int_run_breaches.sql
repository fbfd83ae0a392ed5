{{ config(materialized='table') }}

/*
    Grain: incident_id, metric, level; runs that began in the last five weeks.

    When a workflow's runs of a day first went above what they are held to: 1 steps or minutes, 2
    cost, 3 a multiple of the cost. One incident a workflow and day, however many runs; it is over
    when the day is and none of its runs may still go on.
*/
{% set window_days = 35 %}

with

runs as (

    select * from {{ ref('int_workflow_runs_judged') }}

),

days as (

    select * from {{ ref('int_workflow_costs_summed_daily') }}

),

known as (

    select * from {{ ref('int_days_known') }}

),

clock as (

    select * from {{ ref('int_outcomes_as_of') }}

),

features as (

    select * from {{ ref('features') }}

),

rules as (

    select max(case when rule_name = 'critical_multiple' then rule_value end) as critical_multiple
    from {{ ref('forecast_rules') }}

),

breached_days as (

    select
        days.started_date,
        days.workflow_id,
        known.last_complete_day
    from days
    inner join known
        on
            days.started_date >= cast(known.newest_day - interval {{ window_days }} day as date)
    where days.above_limit_run_count > 0

),

held as (

    select
        md5(
            concat('runs|', runs.workflow_id, '|', cast(runs.started_date as varchar))
        ) as incident_id,
        runs.*,
        breached_days.last_complete_day,
        cast(runs.last_call_at + interval {{ var('run_idle_minutes') }} minute as timestamptz)
            as may_go_on_until,
        case
            when
                runs.is_too_dear
                and runs.billed_cost_usd >= runs.max_cost_usd * rules.critical_multiple
                then 3
            when runs.is_too_dear then 2
            when runs.is_above_limit then 1
        end as level
    from runs
    inner join breached_days
        on
            runs.started_date = breached_days.started_date
            and runs.workflow_id = breached_days.workflow_id
    cross join rules

),

lives as (

    select
        held.incident_id,
        held.workflow_id,
        held.started_date,
        greatest(
            {{ end_of_reporting_day('held.started_date') }}, max(held.may_go_on_until)
        ) as over_at,
        max(held.last_complete_day) >= held.started_date as is_day_over,
        max_by(
            held.feature,
            {{ in_order(['coalesce(held.level, 0)', 'held.billed_cost_usd', 'held.run_id']) }}
        ) as feature,
        max_by(
            held.team,
            {{ in_order(['coalesce(held.level, 0)', 'held.billed_cost_usd', 'held.run_id']) }}
        ) as team
    from held
    group by
        held.incident_id,
        held.workflow_id,
        held.started_date

),

owners as (

    select
        lives.incident_id,
        max(features.owner_team) as owner
    from lives
    inner join features
        on
            lives.feature = features.feature
            and {{ is_valid_on('features', 'lives.started_date') }}
    group by lives.incident_id

),

-- What is far above the cost is above it too, and what is above the cost is above a limit.
facts as (

    select
        incident_id,
        'run_limit' as metric,
        level,
        ended_at
    from held
    where level is not null

    union all

    select
        incident_id,
        'run_cost_usd' as metric,
        level,
        ended_at
    from held
    where level >= 2

),

first_times as (

    select
        incident_id,
        metric,
        level,
        min(ended_at) as occurred_at
    from facts
    group by
        incident_id,
        metric,
        level

),

final as (

    select
        first_times.incident_id,
        first_times.metric,
        first_times.level,
        lives.workflow_id,
        lives.feature,
        lives.team,
        owners.owner,
        lives.started_date,
        first_times.occurred_at,
        least(first_times.occurred_at, clock.as_of) as known_at,
        case when lives.is_day_over and lives.over_at <= clock.as_of then lives.over_at end
            as resolved_at
    from first_times
    inner join lives
        on first_times.incident_id = lives.incident_id
    left join owners
        on lives.incident_id = owners.incident_id
    cross join clock

)

select * from final
