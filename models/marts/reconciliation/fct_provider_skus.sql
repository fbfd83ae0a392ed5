/*
    Grain: sku_key, currency.
    What providers print, how it was read and what it cost: unparsed money is looked for here.
*/
with

skus as (

    select * from {{ ref('int_provider_skus_parsed') }}

),

lines as (

    select * from {{ ref('int_provider_cost_lines_chosen') }}

),

costs as (

    select
        sku_key,
        currency,
        count(*) as line_count,
        min(usage_date) as first_usage_date,
        max(usage_date) as last_usage_date,
        cast(sum(amount) as decimal(38, 12)) as cost
    from lines
    group by sku_key, currency

),

final as (

    select
        skus.sku_key,
        skus.provider,
        skus.source,
        skus.line_kind,
        skus.charge_category,
        skus.service,
        skus.line_item,
        skus.stated_model,
        skus.token_type,
        skus.unit,
        skus.pricing_unit,
        skus.model_as_billed,
        skus.model,
        skus.meter,
        skus.service_tier,
        skus.context_tier,
        skus.units_per_quantity,
        coalesce(costs.currency, '(none)') as currency,
        costs.line_count,
        costs.cost,
        costs.first_usage_date,
        costs.last_usage_date
    from skus
    left join costs
        on skus.sku_key = costs.sku_key

)

select * from final
