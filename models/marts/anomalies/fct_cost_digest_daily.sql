{{ config(
    materialized='incremental',
    incremental_strategy='since_restated',
    unique_key='event_date',
    on_schema_change='fail',
) }}

/*
    Grain: event_date, workload; whole days. What to read in the morning: the workloads whose
    dollars exceed the median of their last four such weekdays most. By dollars, not by ratio: the
    top three of a day hold most of what incidents cost.
*/
with

hourly as (

    select * from {{ ref('int_metrics_hourly') }}
    where
        {{ since_restated('event_date', 29) }}
        and entity_type = 'workload'

),

levels as (

    select * from {{ ref('int_spend_levels_daily') }}
    where {{ since_restated('event_date') }}

),

clock as (

    select * from {{ ref('int_metric_clock') }}

),

daily as (

    select
        hourly.event_date,
        {{ epoch_day('hourly.event_date') }} as day_number,
        hourly.entity as workload,
        cast(sum(hourly.cost_usd) as decimal(38, 12)) as cost_usd
    from hourly
    cross join clock
    where {{ epoch_day('hourly.event_date') }} * 24 + 24 <= clock.scored_until_hour_number
    group by
        hourly.event_date,
        hourly.entity

),

usual as (

    select
        daily.event_date,
        daily.workload,
        count(*) as week_count,
        median(earlier.cost_usd) as usual_cost_usd
    from daily
    cross join (values (7), (14), (21), (28)) as weeks (days_later)
    inner join daily as earlier
        on
            daily.workload = earlier.workload
            and daily.day_number = earlier.day_number + weeks.days_later
    group by
        daily.event_date,
        daily.workload

),

compared as (

    select
        daily.event_date,
        daily.workload,
        daily.cost_usd,
        cast(usual.usual_cost_usd as decimal(38, 12)) as usual_cost_usd,
        daily.cost_usd - cast(usual.usual_cost_usd as decimal(38, 12)) as excess_usd,
        usual.week_count,
        levels.noise
    from daily
    inner join usual
        on
            daily.event_date = usual.event_date
            and daily.workload = usual.workload
    left join levels
        on
            daily.event_date = levels.event_date
            and daily.workload = levels.workload
    where {{ since_restated('daily.event_date') }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by event_date
            order by excess_usd desc, workload asc
        ) as excess_rank
    from compared

),

final as (

    select
        event_date,
        workload,
        cost_usd,
        usual_cost_usd,
        cast(excess_usd as decimal(38, 12)) as excess_usd,
        {{ share_of('excess_usd', 'usual_cost_usd') }} as excess_share,
        cast(week_count as integer) as week_count,
        cast(excess_rank as integer) as excess_rank,
        excess_rank <= 3
        and coalesce(
            cast(excess_usd as double) > 0.15 * cast(usual_cost_usd as double)
            and cast(cost_usd as double)
            > cast(usual_cost_usd as double) * exp(2 * coalesce(cast(noise as double), 0)),
            false
        ) as is_listed
    from ranked

)

select * from final
