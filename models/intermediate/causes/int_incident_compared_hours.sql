{{ config(materialized='table') }}

/*
    Grain: incident_id, side, hour_number; the hours an incident is explained with.

    after: its own hours. before: the hours they are compared with; up to four of those stand for
    one hour of the incident, so each counts whole, half, a third or a quarter. Twelfths make that
    exact. eve: the day before the onset, to tell a version that came with the incident from one
    that came since those weeks. An hour that cannot be compared is on no side.
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

weighed as (

    select
        *,
        cast(12 / count(*) over (partition by incident_id, hour_number) as integer) as twelfths
    from baseline_hours

),

sides as (

    select
        incident_id,
        'after' as side,
        hour_number,
        12 as twelfths
    from weighed
    group by
        incident_id,
        hour_number

    union all

    select
        incident_id,
        'before' as side,
        baseline_hour_number as hour_number,
        sum(twelfths) as twelfths
    from weighed
    group by
        incident_id,
        baseline_hour_number

    union all

    select
        onsets.incident_id,
        'eve' as side,
        onsets.onset_hour_number - hours.hours_earlier as hour_number,
        12 as twelfths
    from onsets
    cross join (
        values
        {% for hour in range(1, 25) %}
            ({{ hour }}){{ ',' if not loop.last }}
        {% endfor %}
    ) as hours (hours_earlier)

),

final as (

    select
        sides.incident_id,
        incidents.workload,
        sides.side,
        sides.hour_number,
        cast(sides.twelfths as integer) as twelfths,
        {{ incident_active_until('incidents.last_hour_number') }} as active_until_date
    from sides
    inner join incidents
        on sides.incident_id = incidents.incident_id

)

select * from final
