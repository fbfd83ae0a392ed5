{{ config(
    materialized='incremental',
    incremental_strategy='touched_dates',
    unique_key='event_date',
    on_schema_change='fail',
) }}

/* Grain: event_date, workload, tenant_id. What later days compare a tenant's hours with. */
with

hourly as (

    select * from {{ ref('int_workload_usage_summed_hourly') }}
    where {{ in_touched_dates('event_date') }}

),

final as (

    select
        event_date,
        workload,
        tenant_id,
        min(workload_class) as workload_class,
        min(hour_number) as first_hour_number,
        cast(sum(call_count) as bigint) as call_count,
        cast(sum(operation_count) as bigint) as operation_count,
        cast(sum(uncached_input_tokens) as bigint) as uncached_input_tokens,
        cast(
            sum(uncached_input_tokens + cache_read_tokens + cache_write_tokens) as bigint
        ) as input_tokens,
        cast(sum(cost_usd) as decimal(38, 12)) as cost_usd
    from hourly
    group by
        event_date,
        workload,
        tenant_id

)

select * from final
