{{ config(
    materialized='incremental',
    incremental_strategy='since_restated',
    unique_key='event_date',
    on_schema_change='fail',
) }}

/*
    Grain: event_date, workload, hour_number; hours with a call.

    What a workload's hour would have cost had each tenant paid per operation what it paid before:
    its own rate of the week that ended a day earlier, and of the three weeks that ended a week
    earlier. So a shift between cheap and dear tenants is no change of unit cost. A tenant with
    few operations leans on the workload's rate: 30 of them weigh as much as its own.

    rest_…: without the tenant that exceeds its expectation most, where at least four used the
    workload in the week before. One tenant's odd hour is noise here; a deploy, a route or a price
    strikes the others too. That one tenant is watched by itself.
*/
{% set own_week = 'range between 8 preceding and 2 preceding' %}
{% set own_weeks = 'range between 28 preceding and 8 preceding' %}

with

usage_daily as (

    select
        *,
        {{ epoch_day('event_date') }} as day_number
    from {{ ref('int_tenant_usage_summed_daily') }}
    where {{ since_restated('event_date', 28) }}

),

usage_hourly as (

    select * from {{ ref('int_workload_usage_summed_hourly') }}
    where {{ since_restated('event_date', 28) }}

),

workloads_daily as (

    select
        workload,
        day_number,
        sum(cost_usd) as cost_usd,
        sum(operation_count) as operation_count,
        sum(uncached_input_tokens) as uncached_input_tokens,
        sum(input_tokens) as input_tokens
    from usage_daily
    group by
        workload,
        day_number

),

workload_rates as (

    select
        workload,
        day_number,
        {{ share_of('sum(cost_usd) over week', 'sum(operation_count) over week') }}
            as week_rate,
        {{ share_of('sum(cost_usd) over weeks', 'sum(operation_count) over weeks') }}
            as weeks_rate,
        {{ share_of('sum(uncached_input_tokens) over week', 'sum(input_tokens) over week') }}
            as uncached_share
    from workloads_daily
    window
        week as (partition by workload order by day_number {{ own_week }}),
        weeks as (partition by workload order by day_number {{ own_weeks }})

),

tenant_sums as (

    select
        workload,
        tenant_id,
        day_number,
        coalesce(sum(cost_usd) over week, 0) as week_cost_usd,
        coalesce(sum(operation_count) over week, 0) as week_operation_count,
        coalesce(sum(cost_usd) over weeks, 0) as weeks_cost_usd,
        coalesce(sum(operation_count) over weeks, 0) as weeks_operation_count,
        coalesce(sum(uncached_input_tokens) over week, 0) as week_uncached_tokens,
        coalesce(sum(input_tokens) over week, 0) as week_input_tokens
    from usage_daily
    window
        week as (partition by workload, tenant_id order by day_number {{ own_week }}),
        weeks as (partition by workload, tenant_id order by day_number {{ own_weeks }})

),

tenant_rates as (

    select
        tenant_sums.workload,
        tenant_sums.tenant_id,
        tenant_sums.day_number,
        (cast(week_cost_usd as double) + 30 * week_rate) / (week_operation_count + 30)
            as week_rate,
        (cast(weeks_cost_usd as double) + 30 * weeks_rate) / (weeks_operation_count + 30)
            as weeks_rate,
        (week_uncached_tokens + 20000 * uncached_share) / (week_input_tokens + 20000.0)
            as uncached_share
    from tenant_sums
    inner join workload_rates
        on
            tenant_sums.workload = workload_rates.workload
            and tenant_sums.day_number = workload_rates.day_number

),

-- The same hour of the four weeks before.
seasonal as (

    select
        usage_hourly.workload,
        usage_hourly.tenant_id,
        usage_hourly.hour_number + weeks.hours_later as hour_number,
        sum(usage_hourly.cost_usd) as four_hours_cost_usd
    from usage_hourly
    cross join (values (168), (336), (504), (672)) as weeks (hours_later)
    group by
        usage_hourly.workload,
        usage_hourly.tenant_id,
        usage_hourly.hour_number + weeks.hours_later

),

tenant_hours as (

    select
        usage_hourly.event_date,
        usage_hourly.workload,
        usage_hourly.hour_number,
        usage_hourly.cost_usd,
        cast(usage_hourly.operation_count * tenant_rates.week_rate as decimal(38, 12))
            as expected_cost_usd,
        cast(usage_hourly.operation_count * tenant_rates.weeks_rate as decimal(38, 12))
            as weeks_expected_cost_usd,
        cast(
            (
                usage_hourly.uncached_input_tokens
                + usage_hourly.cache_read_tokens
                + usage_hourly.cache_write_tokens
            ) * tenant_rates.uncached_share as decimal(38, 6)
        ) as expected_uncached_tokens,
        cast(coalesce(seasonal.four_hours_cost_usd, 0) * 0.25 as decimal(38, 12))
            as seasonal_cost_usd
    from usage_hourly
    inner join tenant_rates
        on
            usage_hourly.workload = tenant_rates.workload
            and usage_hourly.tenant_id = tenant_rates.tenant_id
            and {{ epoch_day('usage_hourly.event_date') }} = tenant_rates.day_number
    left join seasonal
        on
            usage_hourly.workload = seasonal.workload
            and usage_hourly.tenant_id = seasonal.tenant_id
            and usage_hourly.hour_number = seasonal.hour_number
    where {{ since_restated('usage_hourly.event_date') }}

),

tenant_counts as (

    select
        workload,
        day_number,
        sum(case when week_operation_count > 0 then 1 else 0 end) as tenant_count
    from tenant_sums
    group by
        workload,
        day_number

),

final as (

    select
        tenant_hours.event_date,
        tenant_hours.workload,
        tenant_hours.hour_number,
        cast(sum(expected_cost_usd) as decimal(38, 12)) as expected_cost_usd,
        cast(sum(expected_uncached_tokens) as decimal(38, 6)) as expected_uncached_tokens,
        cast({{ without_the_top('cost_usd', 'expected_cost_usd') }} as decimal(38, 12))
            as rest_week_cost_usd,
        cast({{ without_the_top('expected_cost_usd', 'expected_cost_usd') }} as decimal(38, 12))
            as rest_week_expected_cost_usd,
        cast({{ without_the_top('cost_usd', 'weeks_expected_cost_usd') }} as decimal(38, 12))
            as rest_weeks_cost_usd,
        cast(
            {{ without_the_top('weeks_expected_cost_usd', 'weeks_expected_cost_usd') }}
            as decimal(38, 12)
        ) as rest_weeks_expected_cost_usd,
        cast({{ without_the_top('cost_usd', 'seasonal_cost_usd') }} as decimal(38, 12))
            as rest_cost_usd
    from tenant_hours
    inner join tenant_counts
        on
            tenant_hours.workload = tenant_counts.workload
            and {{ epoch_day('tenant_hours.event_date') }} = tenant_counts.day_number
    group by
        tenant_hours.event_date,
        tenant_hours.workload,
        tenant_hours.hour_number,
        tenant_counts.tenant_count

)

select * from final
