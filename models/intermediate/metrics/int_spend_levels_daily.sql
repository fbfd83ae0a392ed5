{{ config(
    materialized='incremental',
    incremental_strategy='since_restated',
    unique_key='event_date',
    on_schema_change='fail',
) }}

/*
    Grain: event_date, workload ('(all)': the organisation).

    What a day usually costs, for floors: the mean of the seven days that ended a day earlier. A
    share of it, so that the same rules fit a company of 10 dollars a day and one of 100,000.

    Noise: how far a day lies from the same weekday a week before, as a standard deviation of
    logarithms over the four weeks known when the day begins. Margins of rules depend on its class.
*/
{% set week = 'range between 8 preceding and 2 preceding' %}
{% set four_weeks = 'range between 28 preceding and 1 preceding' %}

with

hourly as (

    select * from {{ ref('int_metrics_hourly') }}
    where
        {{ since_restated('event_date', 36) }}
        and entity_type in ('workload', 'org')

),

usage_daily as (

    select * from {{ ref('int_tenant_usage_summed_daily') }}
    where {{ since_restated('event_date', var('detection_memory_days')) }}

),

classes as (

    select
        workload,
        max(workload_class) as workload_class
    from usage_daily
    group by workload

),

daily as (

    select
        event_date,
        entity as workload,
        {{ epoch_day('event_date') }} as day_number,
        sum(cost_usd) as cost_usd
    from hourly
    group by
        event_date,
        entity

),

compared as (

    select
        daily.event_date,
        daily.workload,
        daily.day_number,
        daily.cost_usd,
        case
            when daily.cost_usd > 0 and week_before.cost_usd > 0
                then cast(
                    abs(ln(cast(daily.cost_usd as double) / cast(week_before.cost_usd as double)))
                    as decimal(18, 9)
                )
        end as weekly_change
    from daily
    left join daily as week_before
        on
            daily.workload = week_before.workload
            and daily.day_number = week_before.day_number + 7

),

levelled as (

    select
        event_date,
        workload,
        cast(
            cast(
                sum(cost_usd) over (partition by workload order by day_number {{ week }}) as double
            ) / 7 as decimal(38, 12)
        ) as daily_cost_usd,
        count(weekly_change) over (partition by workload order by day_number {{ four_weeks }})
            as change_count,
        cast(
            sum(weekly_change) over (partition by workload order by day_number {{ four_weeks }})
            as double
        ) as change_sum
    from compared

),

-- Two draws make a change, and a mean deviation is 0.798 of a standard deviation.
measured as (

    select
        *,
        case when change_count >= 7 then change_sum / change_count * 0.886 end as noise
    from levelled

),

final as (

    select
        measured.event_date,
        measured.workload,
        classes.workload_class,
        measured.daily_cost_usd,
        cast(measured.noise as decimal(18, 6)) as noise,
        case
            when measured.noise < 0.25 then 'calm'
            when measured.noise < 0.5 then 'usual'
            when measured.noise is not null then 'noisy'
            else 'unknown'
        end as noise_class
    from measured
    left join classes
        on measured.workload = classes.workload
    where {{ since_restated('measured.event_date') }}

)

select * from final
