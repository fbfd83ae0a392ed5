{{ config(materialized='table') }}

/*
    Grain: provider, billing_account_id, metered_month, billing_month, usage_date, project_id,
    api_key_id, model, meter, service_tier.

    The ledger's days with the account that pays for them and both months: ours (the reporting
    zone) and the provider's (its own clock).
*/
{% set grain = [
    'provider', 'billing_account_id', 'metered_month', 'billing_month', 'usage_date',
    'project_id', 'api_key_id', 'model', 'meter', 'service_tier',
] %}

with

metered as (

    select * from {{ ref('int_metered_usage_daily') }}

),

accounts as (

    select * from {{ ref('int_metered_keys_matched') }}

),

modelless_meters as (

    select * from {{ ref('int_modelless_meters') }}

),

named as (

    select
        metered.provider,
        accounts.billing_account_id,
        {{ billing_month_of('metered.cost_date') }} as metered_month,
        {{ billing_month_of('metered.provider_date') }} as billing_month,
        metered.provider_date as usage_date,
        metered.project_id,
        metered.api_key_id,
        case when modelless_meters.provider is null then metered.model else '(no model)' end
            as model,
        metered.meter,
        coalesce(modelless_meters.service_tier, metered.service_tier) as service_tier,
        metered.quantity,
        metered.cost_usd,
        metered.unit_price_usd,
        metered.contract_cost_usd,
        metered.unpriced_quantity,
        metered.call_count,
        metered.partial_call_count
    from metered
    inner join accounts
        on
            metered.provider = accounts.provider
            and metered.project_id = accounts.project_id
            and metered.api_key_id = accounts.api_key_id
    left join modelless_meters
        on
            metered.provider = modelless_meters.provider
            and accounts.billing_account_id = modelless_meters.billing_account_id
            and {{ billing_month_of('metered.provider_date') }} = modelless_meters.billing_month
            and metered.meter = modelless_meters.meter

),

final as (

    select
        {{ grain | join(',\n        ') }},
        cast(sum(quantity) as decimal(38, 6)) as quantity,
        cast(coalesce(sum(cost_usd), 0) as decimal(38, 12)) as cost_usd,
        case when min(unit_price_usd) = max(unit_price_usd) then max(unit_price_usd) end
            as unit_price_usd,
        cast(coalesce(sum(contract_cost_usd), 0) as decimal(38, 12)) as contract_cost_usd,
        cast(sum(unpriced_quantity) as decimal(38, 6)) as unpriced_quantity,
        cast(sum(call_count) as bigint) as call_count,
        cast(sum(partial_call_count) as bigint) as partial_call_count
    from named
    group by {{ grain | join(', ') }}

)

select * from final
