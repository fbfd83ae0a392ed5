{{ config(materialized='table') }}

/*
    Grain: provider, billing_account_id, metered_month, billing_month, usage_date, project_id,
    api_key_id, model, meter, service_tier.

    The ledger's days with the account that pays for them and both months: ours (the reporting
    zone) and the provider's (its own clock).
*/
with

metered as (

    select * from {{ ref('int_metered_usage_daily') }}

),

accounts as (

    select * from {{ ref('int_metered_keys_matched') }}

),

final as (

    select
        metered.provider,
        accounts.billing_account_id,
        {{ billing_month_of('metered.cost_date') }} as metered_month,
        {{ billing_month_of('metered.provider_date') }} as billing_month,
        metered.provider_date as usage_date,
        metered.project_id,
        metered.api_key_id,
        metered.model,
        metered.meter,
        metered.service_tier,
        cast(sum(metered.quantity) as decimal(38, 6)) as quantity,
        cast(coalesce(sum(metered.cost_usd), 0) as decimal(38, 12)) as cost_usd,
        case
            when min(metered.unit_price_usd) = max(metered.unit_price_usd)
                then max(metered.unit_price_usd)
        end as unit_price_usd,
        cast(coalesce(sum(metered.contract_cost_usd), 0) as decimal(38, 12))
            as contract_cost_usd,
        cast(sum(metered.unpriced_quantity) as decimal(38, 6)) as unpriced_quantity,
        cast(sum(metered.call_count) as bigint) as call_count,
        cast(sum(metered.partial_call_count) as bigint) as partial_call_count
    from metered
    inner join accounts
        on
            metered.provider = accounts.provider
            and metered.project_id = accounts.project_id
            and metered.api_key_id = accounts.api_key_id
    group by
        metered.provider,
        accounts.billing_account_id,
        {{ billing_month_of('metered.cost_date') }},
        {{ billing_month_of('metered.provider_date') }},
        metered.provider_date,
        metered.project_id,
        metered.api_key_id,
        metered.model,
        metered.meter,
        metered.service_tier

)

select * from final
