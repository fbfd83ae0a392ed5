{{ config(materialized='table') }}

/*
    Grain: provider, billing_account_id, usage_date, model, meter, service_tier.

    What our prices say of the usage that providers state, context and region by context and
    region: stands in where the bill itself states no quantity (Anthropic). NULL as soon as a part
    has no price.
*/
with

lines as (

    select * from {{ ref('int_provider_usage_lines_dated') }}

),

skus as (

    select * from {{ ref('int_provider_skus_parsed') }}

),

origins as (

    select * from {{ ref('int_provider_origins_chosen') }}
    where is_chosen and line_kind = 'usage'

),

prices_daily as (

    select * from {{ ref('int_provider_prices_daily') }}

),

prices as (

    select
        provider,
        usage_date,
        price_model as model,
        meter,
        service_tier,
        context_tier,
        inference_geo,
        min(unit_price_usd) as unit_price_usd
    from prices_daily
    group by
        provider,
        usage_date,
        price_model,
        meter,
        service_tier,
        context_tier,
        inference_geo

),

final as (

    select
        lines.provider,
        lines.billing_account_id,
        lines.usage_date,
        skus.model,
        skus.meter,
        skus.service_tier,
        cast(sum(lines.quantity) as decimal(38, 6)) as quantity,
        case
            when count(prices.unit_price_usd) = count(*)
                then cast(sum(cast(
                    cast(lines.quantity as decimal(38, 6)) * prices.unit_price_usd
                    as decimal(38, 12)
                )) as decimal(38, 12))
        end as own_cost_usd
    from lines
    inner join skus
        on lines.sku_key = skus.sku_key
    inner join origins
        on
            lines.provider = origins.provider
            and lines.billing_account_id = origins.billing_account_id
            and lines.usage_date = origins.usage_date
            and lines.source = origins.source
            and lines.dataset = origins.dataset
    left join prices
        on
            lines.provider = prices.provider
            and lines.usage_date = prices.usage_date
            and skus.model = prices.model
            and skus.meter = prices.meter
            and skus.service_tier = prices.service_tier
            and skus.context_tier = prices.context_tier
            and coalesce(lower(lines.inference_geo), '') = prices.inference_geo
    group by
        lines.provider,
        lines.billing_account_id,
        lines.usage_date,
        skus.model,
        skus.meter,
        skus.service_tier

)

select * from final
