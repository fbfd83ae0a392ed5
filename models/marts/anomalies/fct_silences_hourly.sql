{{ config(materialized='table') }}

/*
    Grain: workload, provider, hour_at; hours in which a workload was silent that never was.

    Did a source stop sending, or did traffic fall? The provider knows best: its usage beside our
    log. Until it has delivered, the other workloads of the provider tell: when all of them are
    silent, it is the source. One workload alone says nothing.
*/
with

silent as (

    select * from {{ ref('fct_cost_anomalies_hourly') }}
    where baseline_method = 'class_minima'

),

costs_hourly as (

    select * from {{ ref('fct_costs_hourly') }}

),

coverage as (

    select * from {{ ref('fct_log_coverage_daily') }}

),

silent_days as (

    select distinct event_date
    from silent

),

silent_hours as (

    select distinct
        event_date,
        hour_at
    from silent

),

-- Who called which provider in the week before a silent day.
users as (

    select
        silent_days.event_date,
        costs_hourly.provider,
        {{ workload_text('costs_hourly') }} as workload,
        sum(costs_hourly.call_count) as call_count
    from silent_days
    inner join costs_hourly
        on
            silent_days.event_date > costs_hourly.event_date
            and {{ epoch_day('silent_days.event_date') }}
            <= {{ epoch_day('costs_hourly.event_date') }} + 7
    group by
        silent_days.event_date,
        costs_hourly.provider,
        {{ workload_text('costs_hourly') }}

),

verdicts as (

    select
        usage_date,
        provider,
        max(case when verdict = 'log_broke' then 1 else 0 end) as has_broken,
        max(case when verdict = 'traffic_fell' then 1 else 0 end) as has_fallen,
        max(case when verdict = 'ok' then 1 else 0 end) as is_ok
    from coverage
    group by
        usage_date,
        provider

),

compared as (

    select
        silent_hours.hour_at,
        users.event_date,
        users.provider,
        count(*) as workload_count,
        sum(case when silent_now.workload is not null then 1 else 0 end) as silent_workload_count
    from users
    inner join silent_hours
        on users.event_date = silent_hours.event_date
    left join silent as silent_now
        on
            users.workload = silent_now.workload
            and silent_hours.hour_at = silent_now.hour_at
    group by
        silent_hours.hour_at,
        users.event_date,
        users.provider

),

final as (

    select
        silent.event_date,
        silent.hour_at,
        silent.workload,
        users.provider,
        silent.window_hours as silent_hours,
        cast(silent.expected as bigint) as usual_call_count,
        cast(compared.workload_count as bigint) as workload_count,
        cast(compared.silent_workload_count as bigint) as silent_workload_count,
        case
            when verdicts.has_broken = 1 then 'source_stopped'
            when verdicts.has_fallen = 1 or verdicts.is_ok = 1 then 'traffic_fell'
            when compared.workload_count = 1 then 'unknown'
            when compared.silent_workload_count = compared.workload_count then 'source_stopped'
            else 'traffic_fell'
        end as verdict,
        verdicts.usage_date is not null as is_confirmed_by_provider,
        silent.scored_at
    from silent
    inner join users
        on
            silent.event_date = users.event_date
            and silent.workload = users.workload
    inner join compared
        on
            silent.hour_at = compared.hour_at
            and users.provider = compared.provider
    left join verdicts
        on
            silent.event_date = verdicts.usage_date
            and users.provider = verdicts.provider

)

select * from final
