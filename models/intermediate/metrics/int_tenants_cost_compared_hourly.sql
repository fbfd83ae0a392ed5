{{ config(
    materialized='incremental',
    incremental_strategy='since_restated',
    unique_key='event_date',
    on_schema_change='fail',
) }}

/*
    Grain: event_date, workload, hour_number; workloads with at least five tenants to compare.

    Did all tenants move, or one? The cost of each tenant's last 24 hours over the same hours of
    the two to four weeks before in which it was there; the geometric mean of these ratios, weighted
    by the root of what is usual. A ratio counts no more than e and no less than 1/e, so no single
    tenant moves the index, and a rise of a third of all of them does. Weights and logarithms are
    decimals: the order of rows must not change a digit.
*/
{% set weeks = [168, 336, 504, 672] %}

with

usage_hourly as (

    select * from {{ ref('int_workload_usage_summed_hourly') }}
    where {{ since_restated('event_date', 36) }}

),

clock as (

    select * from {{ ref('int_metric_clock') }}

),

-- Each hour once as it is, and once as what the weeks after it are compared with.
placed as (

    select
        workload,
        tenant_id,
        hour_number,
        hour_number as called_hour_number,
        cost_usd,
        cast(0 as decimal(38, 12)) as earlier_cost_usd
    from usage_hourly

    {% for hours in weeks %}
        union all

        select
            workload,
            tenant_id,
            hour_number + {{ hours }} as hour_number,
            cast(null as bigint) as called_hour_number,
            cast(0 as decimal(38, 12)) as cost_usd,
            cost_usd as earlier_cost_usd
        from usage_hourly

    {% endfor %}

),

tenant_hours as (

    select
        workload,
        tenant_id,
        hour_number,
        min(called_hour_number) as called_hour_number,
        sum(cost_usd) as cost_usd,
        sum(earlier_cost_usd) as earlier_cost_usd
    from placed
    group by
        workload,
        tenant_id,
        hour_number

),

tenant_days as (

    select
        workload,
        tenant_id,
        hour_number,
        sum(cost_usd) over last_day as cost_usd,
        sum(earlier_cost_usd) over last_day as earlier_cost_usd,
        min(called_hour_number) over five_weeks as first_hour_number
    from tenant_hours
    window
        last_day as (
            partition by workload, tenant_id
            order by hour_number
            range between 23 preceding and current row
        ),
        five_weeks as (
            partition by workload, tenant_id
            order by hour_number
            range between 840 preceding and current row
        )

),

counted as (

    select
        tenant_days.*,
        {{ date_of_epoch_day(day_of_hours('tenant_days.hour_number')) }} as event_date,
        least(
            {{ weeks | length }},
            floor((tenant_days.hour_number - 23 - tenant_days.first_hour_number) / 168.0)
        ) as week_count
    from tenant_days
    cross join clock
    where tenant_days.hour_number < clock.scored_until_hour_number

),

compared as (

    select
        event_date,
        workload,
        hour_number,
        cast(sqrt(cast(earlier_cost_usd as double) / week_count) as decimal(18, 9)) as weight,
        cast(
            greatest(
                -1,
                least(
                    1,
                    ln(
                        greatest(cast(cost_usd as double), 1e-12)
                        / (cast(earlier_cost_usd as double) / week_count)
                    )
                )
            ) as decimal(18, 9)
        ) as log_ratio
    from counted
    where
        {{ since_restated('event_date') }}
        and week_count >= 2
        and earlier_cost_usd > 0

),

final as (

    select
        event_date,
        workload,
        cast(hour_number as bigint) as hour_number,
        cast(count(*) as integer) as tenant_count,
        cast(
            exp(
                cast(sum(cast(weight * log_ratio as decimal(38, 18))) as double)
                / cast(sum(weight) as double)
            ) as decimal(38, 12)
        ) as tenants_cost_index
    from compared
    group by
        event_date,
        workload,
        hour_number
    having count(*) >= 5 and sum(weight) > 0

)

select * from final
