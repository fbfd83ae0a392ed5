{{ config(materialized='table') }}

/*
    Grain: line_id, line_index; the lines of the chosen origins.

    Each with what it is about and the quantity its unit of measure states: the provider's own
    measure where it has one, else the one it prices by.
*/
with

lines as (

    select * from {{ ref('int_provider_cost_lines_dated') }}

),

skus as (

    select * from {{ ref('int_provider_skus_parsed') }}

),

origins as (

    select * from {{ ref('int_provider_origins_chosen') }}
    where is_chosen

),

final as (

    select
        lines.line_id,
        lines.line_index,
        lines.provider,
        lines.billing_account_id,
        lines.usage_date,
        coalesce(lines.invoice_month, left(cast(lines.usage_date as varchar), 7))
            as billing_month,
        coalesce(lines.project_id, '(not grouped)') as project_id,
        coalesce(lines.api_key_id, '(not grouped)') as api_key_id,
        lines.charge_category,
        lines.currency,
        lines.sku_key,
        skus.model,
        skus.meter,
        skus.service_tier,
        skus.context_tier,
        skus.price_provider,
        skus.price_model,
        coalesce(lower(lines.inference_geo), '') as inference_geo,
        origins.origin,
        case
            when lines.quantity is not null and (
                skus.units_per_quantity is not null or lines.pricing_quantity is null
            ) then lines.quantity
            else lines.pricing_quantity
        end as stated_quantity,
        case
            when lines.quantity is not null and (
                skus.units_per_quantity is not null or lines.pricing_quantity is null
            ) then skus.units_per_quantity
            else skus.units_per_pricing_quantity
        end as stated_units,
        lines.unit_price,
        lines.amount,
        lines.list_amount,
        lines.credit_amount,
        case
            when lines.currency = 'USD' then cast(1 as decimal(38, 18))
            else lines.conversion_rate
        end as currency_per_usd,
        lines.landed_at
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
            and origins.line_kind = 'cost'

)

select * from final
