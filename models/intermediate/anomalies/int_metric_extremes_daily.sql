{{ config(
    materialized='incremental',
    incremental_strategy='since_restated',
    unique_key='event_date',
    on_schema_change='fail',
) }}

/*
    Grain: event_date, entity_type, entity, metric, window_hours, day_part, excluded_at.

    The highest and the lowest window of each quarter of a day: what baselines are made of. Hours
    of incidents that were confirmed stand apart, with the time somebody did so: days after it
    leave them out, days before it did not know. Windows with too few calls say nothing of a ratio,
    of dollars that they were cheap; a window that cost nothing has no logarithm and no row.
*/
with

windows as (

    select * from {{ ref('int_metric_windows_hourly') }}
    where {{ since_restated('event_date') }}

),

rules as (

    select * from {{ ref('int_alert_rules_enabled') }}

),

incident_states as (

    select * from {{ ref('incident_states') }}

),

looked_at as (

    select
        entity_type,
        metric,
        window_hours,
        min(
            case
                when baseline = 'class_minima' or {{ is_dollar_metric('metric') }} then 0
                else min_call_count
            end
        ) as min_call_count
    from rules
    where {{ is_of_whole_days('baseline') }} or baseline in ('class_maxima', 'class_minima')
    group by
        entity_type,
        metric,
        window_hours

),

exclusions as (

    select
        workload,
        {{ epoch_hour('excluded_from') }} as from_hour_number,
        {{ epoch_hour('excluded_to') }} as to_hour_number,
        min(set_at) as excluded_at
    from incident_states
    where
        state in ('resolved', 'expected')
        and excluded_from is not null
        and excluded_to is not null
    group by
        workload,
        excluded_from,
        excluded_to

),

placed as (

    select
        windows.*,
        cast(floor((windows.hour_number % 24) / 6.0) as integer) as day_part,
        (
            select min(exclusions.excluded_at)
            from exclusions
            where
                windows.workload = exclusions.workload
                and windows.hour_number >= exclusions.from_hour_number
                -- a window still holds hours of the incident when the incident is over
                and windows.hour_number - windows.window_hours + 1 < exclusions.to_hour_number
        ) as excluded_at
    from windows
    inner join looked_at
        on
            windows.entity_type = looked_at.entity_type
            and windows.metric = looked_at.metric
            and windows.window_hours = looked_at.window_hours
            and windows.call_count >= looked_at.min_call_count
    where
        windows.observed is not null
        and (windows.observed > 0 or not {{ is_dollar_metric('windows.metric') }})

),

final as (

    select
        event_date,
        entity_type,
        entity,
        metric,
        window_hours,
        day_part,
        excluded_at,
        max(observed) as max_observed,
        min(observed) as min_observed
    from placed
    group by
        event_date,
        entity_type,
        entity,
        metric,
        window_hours,
        day_part,
        excluded_at

)

select * from final
