{{ config(
    materialized='incremental',
    incremental_strategy='since_restated',
    unique_key='event_date',
    on_schema_change='fail',
) }}

/*
    Grain: event_date, entity_type, entity, metric, window_hours, baseline, day_part.

    What is usual, as it was known when the day began: from the daily extremes of the days before
    it, never from the day itself. `daily_maxima`: the highest window of each of 28 days.
    `daily_quartiles`: the same days; their median and quartiles stand for mean and spread, so that
    two odd days of 28 do not widen the limit. `class_…`: of 35 days of the same kind (weekdays or
    weekend) and the same quarter of the day; nights are compared with nights. Mean and spread are
    of logarithms, in decimals: the order of rows must not change a digit.
*/
with

extremes as (

    select
        *,
        {{ epoch_day('event_date') }} as day_number,
        {{ iso_weekday('event_date') }} >= 6 as is_weekend
    from {{ ref('int_metric_extremes_daily') }}
    where {{ since_restated('event_date', 35) }}

),

rules as (

    select * from {{ ref('int_alert_rules_enabled') }}

),

looked_at as (

    select distinct
        entity_type,
        metric,
        window_hours,
        baseline
    from rules

),

days as (

    select
        extremes.event_date,
        extremes.day_number,
        extremes.is_weekend,
        extremes.entity_type,
        extremes.entity,
        extremes.metric,
        extremes.window_hours,
        looked_at.baseline,
        case when {{ is_of_whole_days('looked_at.baseline') }} then -1 else extremes.day_part end
            as day_part,
        extremes.excluded_at,
        max(extremes.max_observed) as max_observed,
        min(extremes.min_observed) as min_observed
    from extremes
    inner join looked_at
        on
            extremes.entity_type = looked_at.entity_type
            and extremes.metric = looked_at.metric
            and extremes.window_hours = looked_at.window_hours
    group by
        extremes.event_date,
        extremes.day_number,
        extremes.is_weekend,
        extremes.entity_type,
        extremes.entity,
        extremes.metric,
        extremes.window_hours,
        looked_at.baseline,
        case when {{ is_of_whole_days('looked_at.baseline') }} then -1 else extremes.day_part end,
        extremes.excluded_at

),

scored_days as (

    select distinct
        event_date,
        day_number,
        is_weekend,
        entity_type,
        entity,
        metric,
        window_hours,
        baseline,
        day_part
    from days
    where {{ since_restated('event_date') }}

),

compared as (

    select
        scored_days.event_date,
        scored_days.day_number,
        scored_days.entity_type,
        scored_days.entity,
        scored_days.metric,
        scored_days.window_hours,
        scored_days.baseline,
        scored_days.day_part,
        earlier.day_number as earlier_day_number,
        max(earlier.max_observed) as max_observed,
        min(earlier.min_observed) as min_observed,
        cast(
            ln(greatest(cast(max(earlier.max_observed) as double), 0.000000001))
            as decimal(18, 9)
        ) as log_observed
    from scored_days
    inner join days as earlier
        on
            scored_days.entity_type = earlier.entity_type
            and scored_days.entity = earlier.entity
            and scored_days.metric = earlier.metric
            and scored_days.window_hours = earlier.window_hours
            and scored_days.baseline = earlier.baseline
            and scored_days.day_part = earlier.day_part
            and scored_days.day_number > earlier.day_number
            and scored_days.day_number
            <= earlier.day_number
            + case when {{ is_of_whole_days('earlier.baseline') }} then 28 else 35 end
            and (
                {{ is_of_whole_days('earlier.baseline') }}
                or scored_days.is_weekend = earlier.is_weekend
            )
            and (
                earlier.excluded_at is null
                or {{ epoch_hour('earlier.excluded_at') }} >= scored_days.day_number * 24
            )
    group by
        scored_days.event_date,
        scored_days.day_number,
        scored_days.entity_type,
        scored_days.entity,
        scored_days.metric,
        scored_days.window_hours,
        scored_days.baseline,
        scored_days.day_part,
        earlier.day_number

),

summed as (

    select
        event_date,
        entity_type,
        entity,
        metric,
        window_hours,
        baseline,
        day_part,
        count(*) as day_count,
        max(day_number) - min(earlier_day_number) as history_days,
        max(max_observed) as max_observed,
        min(min_observed) as min_observed,
        cast(sum(log_observed) as double) as log_sum,
        cast(sum(cast(log_observed * log_observed as decimal(38, 18))) as double) as log_square_sum,
        cast({{ quantile_of('cast(log_observed as double)', 0.25) }} as double) as log_low,
        cast({{ quantile_of('cast(log_observed as double)', 0.5) }} as double) as log_median,
        cast({{ quantile_of('cast(log_observed as double)', 0.75) }} as double) as log_high
    from compared
    group by
        event_date,
        entity_type,
        entity,
        metric,
        window_hours,
        baseline,
        day_part

),

final as (

    select
        event_date,
        entity_type,
        entity,
        metric,
        window_hours,
        baseline,
        day_part,
        cast(day_count as integer) as day_count,
        cast(history_days as integer) as history_days,
        max_observed,
        min_observed,
        cast(
            case when baseline = 'daily_quartiles' then log_median else log_sum / day_count end
            as decimal(18, 9)
        ) as log_mean,
        -- quartiles of a normal law are 1.349 spreads apart
        case
            when day_count > 1 and baseline = 'daily_quartiles'
                then cast((log_high - log_low) / 1.349 as decimal(18, 9))
            when day_count > 1
                then cast(
                    sqrt(
                        greatest(log_square_sum - log_sum * log_sum / day_count, 0)
                        / (day_count - 1)
                    ) as decimal(18, 9)
                )
        end as log_spread
    from summed

)

select * from final
