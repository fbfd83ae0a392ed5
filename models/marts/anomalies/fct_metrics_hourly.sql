{{ config(materialized='view') }}

/*
    Grain: entity_type, entity, hour_at; dense: an hour without a call is a row of zeros.
*/
with

hourly as (

    select * from {{ ref('int_metrics_hourly') }}

),

compared as (

    select * from {{ ref('int_workload_usage_compared_hourly') }}

),

successes as (

    select * from {{ ref('int_successes_hourly') }}

),

final as (

    select
        hourly.event_date,
        {{ hour_of_epoch('hourly.hour_number') }} as hour_at,
        hourly.entity_type,
        hourly.entity,

        ---------- counts
        hourly.call_count,
        hourly.operation_count,
        hourly.retry_call_count,
        hourly.fallback_call_count,
        hourly.failed_call_count,
        hourly.unpriced_call_count,
        coalesce(successes.success_count, 0) as success_count,

        ---------- tokens
        hourly.uncached_input_tokens,
        hourly.cache_read_tokens,
        hourly.cache_write_tokens,
        hourly.output_tokens,
        hourly.embed_tokens,
        hourly.generation_tokens,

        ---------- money
        hourly.cost_usd,
        compared.expected_cost_usd,

        ---------- shares
        {{ share_of('hourly.cost_usd', 'hourly.operation_count') }} as cost_per_operation_usd,
        {{ share_of('(hourly.generation_tokens + hourly.embed_tokens)', 'hourly.call_count') }}
            as tokens_per_call,
        {{ share_of(
            '(hourly.generation_tokens + hourly.embed_tokens)',
            'successes.success_count',
        ) }} as tokens_per_success,
        {{ share_of(
            'hourly.cache_read_tokens',
            '(hourly.cache_read_tokens + hourly.uncached_input_tokens + hourly.cache_write_tokens)',
        ) }} as cache_read_share,
        {{ share_of('hourly.retry_call_count', 'hourly.call_count') }} as retry_share,
        {{ share_of('hourly.fallback_call_count', 'hourly.call_count') }} as fallback_share,
        {{ share_of('hourly.failed_call_count', 'hourly.call_count') }} as failed_share,
        {{ share_of('hourly.embed_tokens', 'hourly.generation_tokens') }} as embed_ratio,
        {{ share_of('compared.rest_week_cost_usd', 'compared.rest_week_expected_cost_usd') }}
            as unit_cost_index,

        ---------- knowledge
        {{ hour_of_epoch('hourly.hour_number + 1 + ' ~ var('detection_watermark_hours')) }}
            as known_at
    from hourly
    left join compared
        on
            hourly.entity_type = 'workload'
            and hourly.entity = compared.workload
            and hourly.hour_number = compared.hour_number
    left join successes
        on
            hourly.entity_type = successes.entity_type
            and hourly.entity = successes.entity
            and hourly.hour_number = successes.hour_number

)

select * from final
