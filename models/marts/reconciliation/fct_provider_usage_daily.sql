/*
    Grain: provider, billing_account_id, usage_date, project_id, api_key_id, model, meter,
    service_tier.
    What providers say we used, from the one origin chosen for each account and day.
*/
with

usage_daily as (

    select * from {{ ref('int_provider_usage_daily') }}

),

final as (

    select
        usage_date,
        provider,
        billing_account_id,
        project_id,
        api_key_id,
        model,
        meter,
        service_tier,
        quantity,
        line_count,
        origin,
        last_landed_at
    from usage_daily

)

select * from final
