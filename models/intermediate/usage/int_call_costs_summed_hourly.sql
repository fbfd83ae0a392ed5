{{ config(
    materialized='incremental',
    incremental_strategy='touched_dates',
    unique_key='event_date',
    on_schema_change='fail',
) }}

/*
    Grain: event_date, hour_at, reporting_date, context_id, pricing_status.

    The only pass over the calls; every roll-up is a sum of these rows. A component row (a billed
    side iteration of a call, with its own model) adds tokens and money, but is no call.
    A sum is NULL when no call of the row says the count: not said is not zero.
*/
with

calls as (

    select * from {{ ref('int_calls_priced') }}
    where {{ in_touched_dates('event_date') }}

),

attempts as (

    select * from {{ ref('int_attempts_resolved') }}
    where {{ in_touched_dates('event_date') }}

),

joined as (

    select
        calls.*,
        {{ call_context_id('calls') }} as context_id,
        {{ utc_hour('calls.started_at') }} as hour_at,
        {{ reporting_date('calls.started_at', 'calls.event_date') }} as reporting_date,
        calls.component_index = 0 as is_call,
        coalesce(attempts.is_served, calls.outcome = 'success') as is_served,
        coalesce(attempts.is_operation_start, calls.attempt_number = 1) as is_operation_start
    from calls
    left join attempts
        on
            calls.event_date = attempts.event_date
            and calls.event_id = attempts.event_id

),

final as (

    select
        event_date,
        hour_at,
        reporting_date,
        context_id,
        pricing_status,

        ---------- counts
        count(*) filter (where is_call) as call_count,
        count(*) filter (where is_call and is_operation_start) as operation_count,
        count(*) filter (where is_call and attempt_number > 1) as retry_call_count,
        count(*) filter (where is_call and is_fallback) as fallback_call_count,
        count(*) filter (where is_call and is_served) as served_call_count,

        ---------- tokens and other meters
        {% for meter in usage_columns() %}
            cast(sum({{ meter }}) as bigint) as {{ meter }},
        {% endfor %}
        cast(sum(audio_seconds) as decimal(38, 6)) as audio_seconds,

        ---------- money
        cast(sum(billed_cost_usd) as decimal(38, 12)) as billed_cost_usd,
        cast(sum({{ chargeable_cost_usd('billed_cost_usd', 'is_served') }}) as decimal(38, 12))
            as chargeable_cost_usd,
        cast(sum(source_cost_usd) as decimal(38, 12)) as source_cost_usd,
        cast(sum({{ retried_cost_usd('billed_cost_usd', 'is_served') }}) as decimal(38, 12))
            as retried_cost_usd,
        {% for kind in ['read', 'output', 'other'] %}
            cast(sum({{ cost_part_usd(kind) }}) as decimal(38, 12))
                as {{ 'cache_read' if kind == 'read' else kind }}_cost_usd,
        {% endfor %}
        cast(sum(cache_savings_usd) as decimal(38, 12)) as cache_savings_usd,
        cast(sum(cache_miss_premium_usd) as decimal(38, 12)) as cache_miss_premium_usd
    from joined
    group by
        event_date,
        hour_at,
        reporting_date,
        context_id,
        pricing_status

)

select * from final
