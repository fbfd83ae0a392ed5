{{ config(
    materialized='incremental',
    incremental_strategy='since_restated',
    unique_key='active_until_date',
    on_schema_change='fail',
) }}

/*
    Grain: incident_id, is_incident, provider, team, every dimension of cause_dimensions.

    All that is read of the hourly costs for an incident: its own hours (is_incident), and the
    hours they are compared with. Up to four of those stand for one hour of the incident, so each
    counts whole, half, a third or a quarter; everything is summed in twelfths, which is exact.
    An hour that cannot be compared is on neither side.
*/
{% set dimensions = ['provider', 'team'] + cause_dimensions() %}

with

incidents as (

    select * from {{ ref('int_incidents') }}
    where {{ is_active_incident('last_hour_number') }}

),

baseline_hours as (

    select * from {{ ref('int_incident_baseline_hours') }}

),

costs_hourly as (

    select * from {{ ref('fct_costs_hourly') }}
    where
        {{ in_incident_dates(
            'event_date', ref('int_incidents'), ref('int_incident_baseline_hours')
        ) }}

),

weighed as (

    select
        incidents.incident_id,
        incidents.workload,
        {{ incident_active_until('incidents.last_hour_number') }} as active_until_date,
        baseline_hours.hour_number,
        baseline_hours.baseline_hour_number,
        cast(
            12 / count(*) over (
                partition by baseline_hours.incident_id, baseline_hours.hour_number
            ) as integer
        ) as twelfths
    from incidents
    inner join baseline_hours
        on incidents.incident_id = baseline_hours.incident_id

),

compared_hours as (

    select
        incident_id,
        workload,
        active_until_date,
        hour_number,
        true as is_incident,
        12 as twelfths
    from weighed
    group by
        incident_id,
        workload,
        active_until_date,
        hour_number

    union all

    select
        incident_id,
        workload,
        active_until_date,
        baseline_hour_number as hour_number,
        false as is_incident,
        cast(sum(twelfths) as integer) as twelfths
    from weighed
    group by
        incident_id,
        workload,
        active_until_date,
        baseline_hour_number

),

measured as (

    select
        {{ epoch_hour('hour_at') }} as hour_number,
        {{ workload_text('costs_hourly') }} as workload,
        {% for dimension in dimensions %}
            {{ dimension }},
        {% endfor %}
        {% for measure, expression in cause_measures() %}
            coalesce({{ expression }}, 0) as {{ measure }}{{ ',' if not loop.last }}
        {% endfor %}
    from costs_hourly

),

final as (

    select
        compared_hours.incident_id,
        compared_hours.is_incident,
        {% for dimension in dimensions %}
            measured.{{ dimension }},
        {% endfor %}
        max(compared_hours.active_until_date) as active_until_date,
        {% for measure, expression in cause_measures() %}
            cast(
                sum(measured.{{ measure }} * compared_hours.twelfths)
                as {{ cause_measure_type(measure) }}
            ) as {{ measure }}_twelfths{{ ',' if not loop.last }}
        {% endfor %}
    from compared_hours
    inner join measured
        on
            compared_hours.workload = measured.workload
            and compared_hours.hour_number = measured.hour_number
    group by
        compared_hours.incident_id,
        compared_hours.is_incident,
        {% for dimension in dimensions %}
            measured.{{ dimension }}{{ ',' if not loop.last }}
        {% endfor %}

)

select * from final
