{{ config(
    materialized='incremental',
    incremental_strategy='since_restated',
    unique_key='event_date',
    on_schema_change='fail',
) }}

/*
    Grain: entity_type, entity, metric, window_hours, hour_number; only what a rule with a
    trailing baseline looks at.

    Mean, median and spread of the 168 windows before the observed one. None of them shares an
    hour with it: article 002 scores an hour against a week that contains it.
*/
with

windows as (

    select * from {{ ref('int_metric_windows_hourly') }}
    where {{ since_restated('event_date', 9) }}

),

rules as (

    select * from {{ ref('int_alert_rules_enabled') }}

),

looked_at as (

    select distinct
        entity_type,
        metric,
        window_hours
    from rules
    where baseline in ('trailing_mean', 'trailing_median', 'trailing_zscore')

),

followed as (

    select
        windows.event_date,
        windows.entity_type,
        windows.entity,
        windows.metric,
        windows.window_hours,
        windows.hour_number,
        windows.observed,
        cast(cast(windows.observed as decimal(38, 6)) as double)
        * cast(cast(windows.observed as decimal(38, 6)) as double) as observed_square
    from windows
    inner join looked_at
        on
            windows.entity_type = looked_at.entity_type
            and windows.metric = looked_at.metric
            and windows.window_hours = looked_at.window_hours

),

preceded as (

    select
        event_date,
        entity_type,
        entity,
        metric,
        window_hours,
        hour_number,
        case window_hours
            {% for hours in window_hours() %}
                when {{ hours }} then count(observed) over before_{{ hours }}
            {% endfor %}
        end as window_count,
        case window_hours
            {% for hours in window_hours() %}
                when {{ hours }} then sum(observed) over before_{{ hours }}
            {% endfor %}
        end as observed_sum,
        case window_hours
            {% for hours in window_hours() %}
                when {{ hours }}
                    then sum(cast(observed_square as decimal(38, 9))) over before_{{ hours }}
            {% endfor %}
        end as square_sum,
        case window_hours
            {% for hours in window_hours() %}
                when {{ hours }}
                    then {{ median_over('observed', 'before_' ~ hours) }}
            {% endfor %}
        end as median_observed
    from followed
    window
        {{ before_windows('entity_type, entity, metric, window_hours') }}

),

final as (

    select
        event_date,
        entity_type,
        entity,
        metric,
        window_hours,
        hour_number,
        cast(window_count as integer) as window_count,
        cast(observed_sum as double) / nullif(window_count, 0) as mean_observed,
        cast(median_observed as double) as median_observed,
        case
            when window_count > 1
                then sqrt(
                    greatest(
                        cast(square_sum as double)
                        - cast(observed_sum as double) * cast(observed_sum as double)
                        / window_count,
                        0
                    ) / (window_count - 1)
                )
        end as spread_observed
    from preceded
    where {{ since_restated('event_date') }}

)

select * from final
