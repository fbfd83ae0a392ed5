{{ config(
    materialized='incremental',
    incremental_strategy='since_restated',
    unique_key='event_date',
    on_schema_change='fail',
) }}

/*
    Grain: entity_type, entity, metric, window_hours, hour_number.

    Every metric that an enabled rule looks at, over the window that ends with the hour. Sums over
    a window come first, then the ratio: a ratio of sums, never a mean of ratios. A metric with
    nothing to divide by is NULL. Workloads, tenants and the organisation are dense; a tenant in a
    workload has rows for the hours in which it called, the only ones that can be records.
*/
{% set compared_sums = [
    'expected_cost_usd',
    'expected_uncached_tokens',
    'rest_week_cost_usd',
    'rest_week_expected_cost_usd',
    'rest_weeks_cost_usd',
    'rest_weeks_expected_cost_usd',
    'rest_cost_usd',
] %}
{% set sums = metric_counts() + ['cost_usd', 'success_count'] + compared_sums %}

with

hourly as (

    select * from {{ ref('int_metrics_hourly') }}
    where {{ since_restated('event_date', 1) }}

),

compared as (

    select * from {{ ref('int_workload_usage_compared_hourly') }}
    where {{ since_restated('event_date', 1) }}

),

tenants_compared as (

    select * from {{ ref('int_tenants_cost_compared_hourly') }}
    where {{ since_restated('event_date', 1) }}

),

successes as (

    select * from {{ ref('int_successes_hourly') }}

),

usage_hourly as (

    select * from {{ ref('int_workload_usage_summed_hourly') }}
    where {{ since_restated('event_date', 1) }}

),

clock as (

    select * from {{ ref('int_metric_clock') }}

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

),

windows_used as (

    select distinct
        entity_type,
        window_hours
    from rules

),

entity_hours as (

    select
        hourly.event_date,
        hourly.entity_type,
        hourly.entity,
        {% for count in metric_counts() %}
            hourly.{{ count }},
        {% endfor %}
        {% for sum in compared_sums %}
            compared.{{ sum }},
        {% endfor %}
        successes.success_count,
        tenants_compared.tenants_cost_index,
        hourly.cost_usd,
        hourly.hour_number
    from hourly
    left join compared
        on
            hourly.entity_type = 'workload'
            and hourly.entity = compared.workload
            and hourly.hour_number = compared.hour_number
    left join tenants_compared
        on
            hourly.entity_type = 'workload'
            and hourly.entity = tenants_compared.workload
            and hourly.hour_number = tenants_compared.hour_number
    left join successes
        on
            hourly.entity_type = successes.entity_type
            and hourly.entity = successes.entity
            and hourly.hour_number = successes.hour_number

),

dense_windows as (

    select
        event_date,
        entity_type,
        entity,
        {% for hours in window_hours() %}
            {% for sum in sums %}
                sum({{ sum }}) over last_{{ hours }} as {{ sum }}_{{ hours }},
            {% endfor %}
        {% endfor %}
        tenants_cost_index,
        hour_number
    from entity_hours
    window
        {{ last_windows('entity_type, entity', 'rows') }}

),

dense_sums as (

    select
        dense_windows.event_date,
        dense_windows.entity_type,
        dense_windows.entity,
        dense_windows.hour_number,
        dense_windows.generation_tokens_24,
        dense_windows.embed_tokens_24,
        dense_windows.tenants_cost_index,
        {% for sum in sums %}
            case windows_used.window_hours
                {% for hours in window_hours() %}
                    when {{ hours }} then dense_windows.{{ sum }}_{{ hours }}
                {% endfor %}
            end as {{ sum }},
        {% endfor %}
        windows_used.window_hours
    from dense_windows
    inner join windows_used
        on dense_windows.entity_type = windows_used.entity_type
    where {{ since_restated('dense_windows.event_date') }}

),

dense_metrics as (

    select
        dense_sums.event_date,
        dense_sums.entity_type,
        dense_sums.entity,
        looked_at.metric,
        dense_sums.window_hours,
        dense_sums.hour_number,
        dense_sums.call_count,
        dense_sums.generation_tokens + dense_sums.embed_tokens as token_count,
        cast(dense_sums.cost_usd as decimal(38, 12)) as cost_usd,
        cast(dense_sums.expected_cost_usd as decimal(38, 12)) as expected_cost_usd,
        {{ observed_metric('looked_at.metric') }} as observed
    from dense_sums
    inner join looked_at
        on
            dense_sums.entity_type = looked_at.entity_type
            and dense_sums.window_hours = looked_at.window_hours

),

tenant_windows as (

    select
        event_date,
        workload,
        tenant_id,
        {% for hours in window_hours() %}
            sum(call_count) over last_{{ hours }} as call_count_{{ hours }},
            sum(cost_usd) over last_{{ hours }} as cost_usd_{{ hours }},
        {% endfor %}
        {{ sustained('cost_usd') }} as sustained_cost_usd_24,
        hour_number
    from usage_hourly
    window
        {{ last_windows('workload, tenant_id', 'range') }},
        {{ quarters_of_a_day('workload, tenant_id') }}

),

tenant_metrics as (

    select
        tenant_windows.event_date,
        looked_at.entity_type,
        concat(tenant_windows.workload, '|', tenant_windows.tenant_id) as entity,
        looked_at.metric,
        looked_at.window_hours,
        tenant_windows.hour_number,
        case looked_at.window_hours
            {% for hours in window_hours() %}
                when {{ hours }} then tenant_windows.call_count_{{ hours }}
            {% endfor %}
        end as call_count,
        cast(null as bigint) as token_count,
        cast(
            case looked_at.window_hours
                {% for hours in window_hours() %}
                    when {{ hours }} then tenant_windows.cost_usd_{{ hours }}
                {% endfor %}
            end as decimal(38, 12)
        ) as cost_usd,
        cast(null as decimal(38, 12)) as expected_cost_usd,
        cast(
            case when looked_at.window_hours = 24 then tenant_windows.sustained_cost_usd_24 end
            as decimal(38, 12)
        ) as sustained_cost_usd,
        tenant_windows.workload,
        tenant_windows.tenant_id
    from tenant_windows
    cross join clock
    inner join looked_at
        on
            looked_at.entity_type = 'workload_tenant'
            and looked_at.metric in ('cost_usd', 'sustained_cost_usd')
    where
        {{ since_restated('tenant_windows.event_date') }}
        and tenant_windows.hour_number < clock.scored_until_hour_number

),

final as (

    select
        event_date,
        entity_type,
        entity,
        metric,
        cast(window_hours as integer) as window_hours,
        cast(hour_number as bigint) as hour_number,
        case when entity_type = 'workload' then entity end as workload,
        case when entity_type = 'tenant' then entity end as tenant_id,
        cast(call_count as bigint) as call_count,
        cast(token_count as bigint) as token_count,
        cost_usd,
        expected_cost_usd,
        observed
    from dense_metrics
    where observed is not null

    union all

    select
        event_date,
        entity_type,
        entity,
        metric,
        cast(window_hours as integer) as window_hours,
        cast(hour_number as bigint) as hour_number,
        workload,
        tenant_id,
        cast(call_count as bigint) as call_count,
        token_count,
        cost_usd,
        expected_cost_usd,
        case when metric = 'sustained_cost_usd' then sustained_cost_usd else cost_usd end
            as observed
    from tenant_metrics
    where metric <> 'sustained_cost_usd' or sustained_cost_usd > 0

)

select * from final
