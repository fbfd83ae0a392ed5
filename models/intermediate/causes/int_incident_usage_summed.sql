{{ config(
    materialized='incremental',
    incremental_strategy='since_restated',
    unique_key='active_until_date',
    on_schema_change='fail',
) }}

/*
    Grain: incident_id, side, provider, team, every dimension of cause_dimensions.

    All that is read of the hourly costs for an incident: the hours of int_incident_compared_hours,
    summed in twelfths, which is exact.
*/
{% set dimensions = ['provider', 'team'] + cause_dimensions() %}

with

compared_hours as (

    select * from {{ ref('int_incident_compared_hours') }}
    where {{ since_restated('active_until_date') }}

),

costs_hourly as (

    select * from {{ ref('fct_costs_hourly') }}
    where {{ in_incident_dates('event_date', ref('int_incident_compared_hours')) }}

),

measured as (

    select
        {% for dimension in dimensions %}
            {{ dimension }},
        {% endfor %}
        {% for measure, expression in cause_measures() %}
            coalesce({{ expression }}, 0) as {{ measure }},
        {% endfor %}
        {{ epoch_hour('hour_at') }} as hour_number,
        {{ workload_text('costs_hourly') }} as workload
    from costs_hourly

),

final as (

    select
        compared_hours.incident_id,
        compared_hours.side,
        {% for dimension in dimensions %}
            measured.{{ dimension }},
        {% endfor %}
        {% for measure, expression in cause_measures() %}
            cast(
                sum(measured.{{ measure }} * compared_hours.twelfths)
                as {{ cause_measure_type(measure) }}
            ) as {{ measure }}_twelfths,
        {% endfor %}
        max(compared_hours.active_until_date) as active_until_date
    from compared_hours
    inner join measured
        on
            compared_hours.workload = measured.workload
            and compared_hours.hour_number = measured.hour_number
    group by
        compared_hours.incident_id,
        {% for dimension in dimensions %}
            measured.{{ dimension }},
        {% endfor %}
        compared_hours.side

)

select * from final
