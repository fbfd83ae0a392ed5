{{ config(
    materialized='incremental',
    incremental_strategy='touched_dates',
    unique_key='cost_date',
    on_schema_change='fail',
) }}

/*
    Grain: cost_date, provider, model, service_tier, usage_status.
    Usage whose cost nobody knows: a price is missing, or the call did not say what it used.
*/
with

hourly as (

    select * from {{ ref('fct_costs_hourly') }}
    where
        {{ in_touched_reporting_days('reporting_date') }}
        and pricing_status = 'unpriced'

),

final as (

    select
        reporting_date as cost_date,
        provider,
        model,
        service_tier,
        usage_status,
        min(hour_at) as first_hour_at,
        max(hour_at) as last_hour_at,
        cast(sum(call_count) as bigint) as call_count,
        {% for meter in usage_columns() %}
            cast(sum({{ meter }}) as bigint) as {{ meter }},
        {% endfor %}
        cast(sum(audio_seconds) as decimal(38, 6)) as audio_seconds,
        cast(sum(source_cost_usd) as decimal(38, 12)) as source_cost_usd
    from hourly
    group by
        reporting_date,
        provider,
        model,
        service_tier,
        usage_status

)

select * from final
