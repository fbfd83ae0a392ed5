/*
    Grain: provider, billing_account_id, usage_date, project_id, api_key_id, model, meter,
    service_tier, charge_category, currency, billing_month.
    What providers charge, from the one origin chosen for each account and day.
*/
with

costs_daily as (

    select * from {{ ref('int_provider_costs_daily') }}

),

final as (

    select
        usage_date,
        provider,
        billing_account_id,
        billing_month,
        project_id,
        api_key_id,
        model,
        meter,
        service_tier,
        charge_category,
        currency,
        quantity,
        unit_status,
        cost,
        list_cost,
        credit,
        own_cost,
        line_count,
        origin,
        last_landed_at
    from costs_daily

)

select * from final
