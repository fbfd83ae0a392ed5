{{ config(materialized='table') }}

/*
    Grain: incident_id, hour_number, baseline_hour_number.

    What each hour of an incident is compared with: the same hour of the four latest weeks that lie
    before its onset and are not hours of a confirmed incident. An incident of a workload younger
    than a week has none. Causes are decomposed over the same hours, so their parts sum to the
    incident's excess.
*/
with

incidents as (

    select * from {{ ref('int_incidents') }}

),

onsets as (

    select * from {{ ref('int_incident_onsets') }}

),

clock as (

    select * from {{ ref('int_metric_clock') }}

),

hourly as (

    select * from {{ ref('int_metrics_hourly') }}
    where entity_type = 'workload'

),

incident_states as (

    select * from {{ ref('incident_states') }}
    where state in ('resolved', 'expected')

),

incident_hours as (

    select
        incidents.incident_id,
        incidents.workload,
        onsets.onset_hour_number,
        hourly.hour_number
    from incidents
    cross join clock
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

),

candidates as (

    select
        incident_hours.incident_id,
        incident_hours.hour_number,
        hourly.hour_number as baseline_hour_number,
        row_number() over (
            partition by incident_hours.incident_id, incident_hours.hour_number
            order by hourly.hour_number desc
        ) as week_rank
    from incident_hours
    cross join (
        values
        {% for weeks in range(1, 13) %}
            ({{ weeks * 168 }}){{ ',' if not loop.last }}
        {% endfor %}
    ) as earlier_weeks (hours_later)
    inner join hourly
        on
            incident_hours.workload = hourly.entity
            and incident_hours.hour_number = hourly.hour_number + earlier_weeks.hours_later
            and incident_hours.onset_hour_number > hourly.hour_number
    left join incident_states
        on
            incident_hours.workload = incident_states.workload
            and hourly.hour_number >= {{ epoch_hour('incident_states.excluded_from') }}
            and hourly.hour_number < {{ epoch_hour('incident_states.excluded_to') }}
            and incident_hours.onset_hour_number > {{ epoch_hour('incident_states.set_at') }}
    where incident_states.incident_id is null

),

final as (

    select
        incident_id,
        hour_number,
        baseline_hour_number
    from candidates
    where week_rank <= 4

)

select * from final
