{{ config(materialized='table') }}

/*
    Grain: provider, billing_account_id, usage_date, model, meter, service_tier, currency.

    What a provider charged for a meter beside what our prices say of the same quantity: at the
    tier it names, at the cheapest and dearest other tier, and at the tiers its own usage export
    splits the quantity into. Only usage of meters that are priced one by one. A bill without
    quantities is compared with the provider's own usage export.
*/
with

costs_daily as (

    select * from {{ ref('int_provider_costs_daily') }}

),

usage_daily as (

    select * from {{ ref('int_provider_usage_daily') }}

),

prices_daily as (

    select * from {{ ref('int_provider_prices_daily') }}

),

usage_priced as (

    select * from {{ ref('int_provider_usage_priced_daily') }}

),

billed as (

    select
        provider,
        billing_account_id,
        usage_date,
        model,
        meter,
        service_tier,
        currency,
        cast(sum(quantity) as decimal(38, 6)) as quantity,
        cast(sum(cost) as decimal(38, 12)) as cost,
        case
            when count(list_cost) = count(*) then cast(sum(list_cost) as decimal(38, 12))
        end as list_cost,
        case
            when count(own_cost) = count(*) then cast(sum(own_cost) as decimal(38, 12))
        end as own_cost,
        max(own_unit_price) as own_unit_price,
        max(case when unit_status = 'flagged' then 1 else 0 end) as has_flagged_unit,
        sum(line_count) as line_count
    from costs_daily
    where
        charge_category = 'usage'
        and meter not in ('unparsed', 'out_of_scope', '(not usage)', 'total')
    group by
        provider,
        billing_account_id,
        usage_date,
        model,
        meter,
        service_tier,
        currency

),

cells as (

    select
        billed.provider,
        billed.billing_account_id,
        billed.usage_date,
        billed.model,
        billed.meter,
        billed.service_tier,
        billed.currency,
        coalesce(billed.quantity, usage_priced.quantity) as quantity,
        billed.cost,
        billed.list_cost,
        case
            when billed.quantity is not null then billed.own_cost
            else usage_priced.own_cost_usd
        end as own_cost,
        billed.own_unit_price,
        billed.has_flagged_unit,
        billed.line_count
    from billed
    left join usage_priced
        on
            billed.provider = usage_priced.provider
            and billed.billing_account_id = usage_priced.billing_account_id
            and billed.usage_date = usage_priced.usage_date
            and billed.model = usage_priced.model
            and billed.meter = usage_priced.meter
            and billed.service_tier = usage_priced.service_tier
            and billed.currency = 'USD'
            and billed.quantity is null

),

tier_prices as (

    select
        provider,
        usage_date,
        price_model as model,
        meter,
        service_tier,
        min(unit_price_usd) as unit_price_usd
    from prices_daily
    where context_tier = 'base'
    group by provider, usage_date, price_model, meter, service_tier

),

-- grain: a cell; what its quantity costs at the other tiers
other_tiers as (

    select
        cells.provider,
        cells.billing_account_id,
        cells.usage_date,
        cells.model,
        cells.meter,
        cells.service_tier,
        cells.currency,
        min(cast(cells.quantity * tier_prices.unit_price_usd as decimal(38, 12)))
            as lowest_tier_cost,
        max(cast(cells.quantity * tier_prices.unit_price_usd as decimal(38, 12)))
            as highest_tier_cost,
        max(case
            when
                abs(cells.cost - cast(
                    cells.quantity * tier_prices.unit_price_usd as decimal(38, 12)
                )) <= cast(
                    cells.quantity * tier_prices.unit_price_usd * 0.005 as decimal(38, 12)
                )
                then tier_prices.service_tier
        end) as fitting_tier
    from cells
    inner join tier_prices
        on
            cells.provider = tier_prices.provider
            and cells.usage_date = tier_prices.usage_date
            and cells.model = tier_prices.model
            and cells.meter = tier_prices.meter
            and cells.service_tier != tier_prices.service_tier
    where cells.currency = 'USD'
    group by
        cells.provider,
        cells.billing_account_id,
        cells.usage_date,
        cells.model,
        cells.meter,
        cells.service_tier,
        cells.currency

),

-- grain: a meter of an account's day; its usage at the tiers it was used at
used_tiers as (

    select
        usage_daily.provider,
        usage_daily.billing_account_id,
        usage_daily.usage_date,
        usage_daily.model,
        usage_daily.meter,
        count(distinct usage_daily.service_tier) as tier_count,
        cast(sum(cast(
            usage_daily.quantity * tier_prices.unit_price_usd as decimal(38, 12)
        )) as decimal(38, 12)) as tiered_cost
    from usage_daily
    inner join tier_prices
        on
            usage_daily.provider = tier_prices.provider
            and usage_daily.usage_date = tier_prices.usage_date
            and usage_daily.model = tier_prices.model
            and usage_daily.meter = tier_prices.meter
            and usage_daily.service_tier = tier_prices.service_tier
    group by
        usage_daily.provider,
        usage_daily.billing_account_id,
        usage_daily.usage_date,
        usage_daily.model,
        usage_daily.meter

),

final as (

    select
        cells.*,
        other_tiers.lowest_tier_cost,
        other_tiers.highest_tier_cost,
        other_tiers.fitting_tier,
        case when used_tiers.tier_count > 1 then used_tiers.tiered_cost end as tiered_cost
    from cells
    left join other_tiers
        on
            cells.provider = other_tiers.provider
            and cells.billing_account_id = other_tiers.billing_account_id
            and cells.usage_date = other_tiers.usage_date
            and cells.model = other_tiers.model
            and cells.meter = other_tiers.meter
            and cells.service_tier = other_tiers.service_tier
            and cells.currency = other_tiers.currency
    left join used_tiers
        on
            cells.provider = used_tiers.provider
            and cells.billing_account_id = used_tiers.billing_account_id
            and cells.usage_date = used_tiers.usage_date
            and cells.model = used_tiers.model
            and cells.meter = used_tiers.meter

)

select * from final
