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
*/
{% set week = 'range between 8 preceding and 2 preceding' %}

with

hourly as (

    select * from {{ ref('int_metrics_hourly') }}
    where
        {{ since_restated('event_date', 8) }}
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

levelled as (

    select
        event_date,
        workload,
        cast(
            cast(
                sum(cost_usd) over (partition by workload order by day_number {{ week }}) as double
            ) / 7 as decimal(38, 12)
        ) as daily_cost_usd
    from daily

),

final as (

    select
        levelled.event_date,
        levelled.workload,
        classes.workload_class,
        levelled.daily_cost_usd
    from levelled
    left join classes
        on levelled.workload = classes.workload
    where {{ since_restated('levelled.event_date') }}

)

select * from final
