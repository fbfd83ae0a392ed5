{{ config(materialized='table') }}

/*
    Grain: incident_id, hour_number; from the onset to the last hour that fired, or to the newest
    scored hour while it is open.
    Expected: the mean of its baseline hours, as dollars that sum exactly: the sum of up to four
    hours times one, a half, a third or a quarter.
*/
with

incidents as (

    select * from {{ ref('int_incidents') }}

),

onsets as (

    select * from {{ ref('int_incident_onsets') }}

),

baseline_hours as (

    select * from {{ ref('int_incident_baseline_hours') }}

),

hourly as (

    select * from {{ ref('int_metrics_hourly') }}
    where entity_type = 'workload'

),

usual as (

    select
        baseline_hours.incident_id,
        baseline_hours.hour_number,
        count(*) as baseline_hour_count,
        cast(
            sum(hourly.cost_usd) * case count(*)
                when 1 then 1
                when 2 then 0.5
                when 3 then 0.333333333333
                else 0.25
            end as decimal(38, 12)
        ) as expected_usd
    from baseline_hours
    inner join incidents
        on baseline_hours.incident_id = incidents.incident_id
    inner join hourly
        on
            incidents.workload = hourly.entity
            and baseline_hours.baseline_hour_number = hourly.hour_number
    group by
        baseline_hours.incident_id,
        baseline_hours.hour_number

),

final as (

    select
        incidents.incident_id,
        incidents.workload,
        hourly.event_date,
        hourly.hour_number,
        hourly.cost_usd,
        usual.expected_usd,
        coalesce(usual.baseline_hour_count, 0) as baseline_hour_count
    from incidents
    inner join onsets
        on incidents.incident_id = onsets.incident_id
    inner join hourly
        on
            incidents.workload = hourly.entity
            and onsets.onset_hour_number <= hourly.hour_number
            and (
                incidents.last_hour_number >= hourly.hour_number
                or not incidents.is_over
            )
    left join usual
        on
            incidents.incident_id = usual.incident_id
            and hourly.hour_number = usual.hour_number

)

select * from final
