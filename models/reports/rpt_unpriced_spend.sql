/*
    Grain: provider, model, service_tier, usage_status.
    Calls whose cost nobody knows: a price is missing, or the call did not say what it used. The
    tokens say how much it matters; what the source believes it cost is no substitute for a price.
*/
with

costs as (

    select * from {{ ref('fct_unpriced_usage_daily') }}

),

final as (

    select
        provider,
        model,
        service_tier,
        usage_status,
        min(first_hour_at) as first_hour_at,
        max(last_hour_at) as last_hour_at,
        cast(sum(call_count) as bigint) as call_count,
        {% for meter in usage_columns() %}
            cast(sum({{ meter }}) as bigint) as {{ meter }},
        {% endfor %}
        cast(sum(audio_seconds) as decimal(38, 6)) as audio_seconds,
        cast(sum(source_cost_usd) as decimal(38, 12)) as source_cost_usd
    from costs
    group by
        provider,
        model,
        service_tier,
        usage_status

)

select * from final
