{{ config(
    materialized='incremental',
    incremental_strategy='since_restated',
    unique_key='event_date',
    on_schema_change='fail',
) }}

/*
    Grain: entity_type, entity, hour_number.

    Dense: an hour without a call is a row of zeros, because a quiet hour is part of what is usual.
    An entity begins with its first call; one that has been silent for `detection_memory_days`
    has nothing left to be compared with and has no rows until it calls again. Hours that the
    clock has not reached are not known yet and not here.
*/
{% set memory = var('detection_memory_days') %}

with

usage_daily as (

    select * from {{ ref('int_tenant_usage_summed_daily') }}
    where {{ since_restated('event_date', memory) }}

),

usage_hourly as (

    select * from {{ ref('int_workload_usage_summed_hourly') }}
    where {{ since_restated('event_date') }}

),

clock as (

    select * from {{ ref('int_metric_clock') }}

),

active_days as (

    {% for entity_type, entity in detected_entities() %}
        select
            '{{ entity_type }}' as entity_type,
            {{ entity }} as entity,
            {{ epoch_day('event_date') }} as day_number,
            min(first_hour_number) as first_hour_number
        from usage_daily
        group by {{ 'event_date' if entity.startswith("'") else 'event_date, ' ~ entity }}

        {{ 'union all' if not loop.last }}

    {% endfor %}

),

neighbours as (

    select
        *,
        lag(day_number) over entities as day_before,
        lead(day_number) over entities as day_after
    from active_days
    window entities as (partition by entity_type, entity order by day_number)

),

-- From an active day to the next one, or until it is forgotten.
spans as (

    select
        entity_type,
        entity,
        case
            when day_number - day_before <= {{ memory }} then day_number * 24
            else first_hour_number
        end as from_hour_number,
        least(
            coalesce(day_after, day_number + {{ memory }} + 1) * 24,
            (day_number + {{ memory }} + 1) * 24,
            clock.scored_until_hour_number
        ) as until_hour_number
    from neighbours
    cross join clock

),

span_days as (

    select
        *,
        {{ day_of_series(
            date_of_epoch_day(day_of_hours('from_hour_number')),
            date_of_epoch_day(day_of_hours('until_hour_number - 1')),
        ) }} as event_date
    from spans
    where from_hour_number < until_hour_number

),

hours_of_day as (

    {% for hour in range(24) %}
        select {{ hour }} as hour_of_day
        {{ 'union all' if not loop.last }}
    {% endfor %}

),

dense as (

    select
        span_days.event_date,
        span_days.entity_type,
        span_days.entity,
        {{ epoch_day('span_days.event_date') }} * 24 + hours_of_day.hour_of_day as hour_number
    from span_days
    cross join hours_of_day
    where
        {{ since_restated('span_days.event_date') }}
        and {{ epoch_day('span_days.event_date') }} * 24 + hours_of_day.hour_of_day
        >= span_days.from_hour_number
        and {{ epoch_day('span_days.event_date') }} * 24 + hours_of_day.hour_of_day
        < span_days.until_hour_number

),

summed as (

    {% for entity_type, entity in detected_entities() %}
        select
            '{{ entity_type }}' as entity_type,
            {{ entity }} as entity,
            hour_number,
            {% for count in metric_counts() %}
                cast(sum({{ count }}) as bigint) as {{ count }},
            {% endfor %}
            cast(sum(cost_usd) as decimal(38, 12)) as cost_usd
        from usage_hourly
        group by {{ 'hour_number' if entity.startswith("'") else 'hour_number, ' ~ entity }}

        {{ 'union all' if not loop.last }}

    {% endfor %}

),

final as (

    select
        dense.event_date,
        dense.entity_type,
        dense.entity,
        dense.hour_number,
        {% for count in metric_counts() %}
            coalesce(summed.{{ count }}, 0) as {{ count }},
        {% endfor %}
        cast(coalesce(summed.cost_usd, 0) as decimal(38, 12)) as cost_usd
    from dense
    left join summed
        on
            dense.entity_type = summed.entity_type
            and dense.entity = summed.entity
            and dense.hour_number = summed.hour_number

)

select * from final
