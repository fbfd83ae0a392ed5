{{ config(materialized='table') }}

/*
    Grain: provider, billing_account_id, billing_month, usage_date, group_key, model, meter,
    service_tier.

    The ledger's quantity beside the provider's, and our own price of it. Days the provider has not
    exported, and meters it states no quantity of, are not compared: `is_compared` is false and both
    sides are the ledger's. Quantities from an invoice are compared by the month, on its first
    day.
*/
{% set account_month = ['provider', 'billing_account_id', 'billing_month'] %}

with

metered as (

    select * from {{ ref('int_metered_usage_by_account') }}

),

exported as (

    select * from {{ ref('int_exported_quantities') }}

),

cost_rows as (

    select * from {{ ref('int_provider_costs_daily') }}
    where charge_category = 'usage'

),

cells as (

    select * from {{ ref('int_quantities_grouped') }}

),

month_sources as (

    select * from {{ ref('int_exported_months') }}

),

prices as (

    select * from {{ ref('int_unit_prices_by_period') }}

),

-- What is compared at all ------------------------------------------------------------------------

exported_days as (

    select distinct
        exported.provider,
        exported.billing_account_id,
        exported.usage_date,
        1 as source_rank
    from exported
    where exported.quantity_source = 'usage'

    union

    select distinct
        provider,
        billing_account_id,
        usage_date,
        2 as source_rank
    from cost_rows

),

meter_sources as (

    select
        provider,
        billing_account_id,
        usage_month as billing_month,
        model,
        meter,
        min(case quantity_source when 'usage' then 1 when 'cost' then 2 else 3 end) as source_rank
    from exported
    group by provider, billing_account_id, usage_month, model, meter

),

-- Charged, and nobody says for how much: no quantity to compare.
unstated_meters as (

    select distinct
        cost_rows.provider,
        cost_rows.billing_account_id,
        {{ billing_month_of('cost_rows.usage_date') }} as billing_month,
        cost_rows.model,
        cost_rows.meter
    from cost_rows
    left join meter_sources
        on
            {{ columns_equal(
                'cost_rows', 'meter_sources', ['provider', 'billing_account_id', 'model', 'meter']
            ) }}
            and {{ billing_month_of('cost_rows.usage_date') }} = meter_sources.billing_month
    where meter_sources.provider is null

),

-- Meters our ledger has and no export does: requests where the provider counts none, and the
-- money of costs the provider stated itself.
counted_requests as (

    select distinct
        provider,
        billing_account_id,
        usage_month as billing_month
    from exported
    where meter = 'requests'

),

reported_models as (

    select distinct
        provider,
        billing_account_id,
        billing_month,
        model
    from metered
    where meter = 'provider_reported'

),

decided as (

    select
        cells.*,
        coalesce(meter_sources.source_rank, month_sources.first_source) as source_rank,
        counted_requests.provider is not null as has_request_counts,
        case
            when month_sources.provider is null then false
            when cells.meter = 'provider_reported' then false
            when cells.meter = 'requests' and counted_requests.provider is null then false
            when unstated_meters.provider is not null then false
            when month_sources.is_monthly then true
            else exported_days.provider is not null
        end as is_compared,
        unstated_meters.provider is not null as is_unstated,
        reported_models.provider is not null as is_reported_model
    from cells
    left join month_sources
        on {{ columns_equal('cells', 'month_sources', account_month) }}
    left join meter_sources
        on {{ columns_equal('cells', 'meter_sources', account_month + ['model', 'meter']) }}
    left join exported_days
        on
            {{ columns_equal(
                'cells', 'exported_days', ['provider', 'billing_account_id', 'usage_date']
            ) }}
            and coalesce(meter_sources.source_rank, month_sources.first_source)
            = exported_days.source_rank
    left join unstated_meters
        on {{ columns_equal('cells', 'unstated_meters', account_month + ['model', 'meter']) }}
    left join reported_models
        on
            {{ columns_equal('cells', 'reported_models', account_month + ['model']) }}
            and cells.meter <> 'provider_reported'
    left join counted_requests
        on {{ columns_equal('cells', 'counted_requests', account_month) }}

),

-- Our own price of the day: what the ledger paid here, else elsewhere in the account that day,
-- else all month, else the price list's.
account_prices as (

    select
        decided.*,
        min(lowest_unit_price_usd) over same_day as lowest_of_day,
        max(highest_unit_price_usd) over same_day as highest_of_day,
        min(lowest_unit_price_usd) over same_month as lowest_of_month,
        max(highest_unit_price_usd) over same_month as highest_of_month
    from decided
    window
        same_day as (
            partition by
                provider, billing_account_id, usage_date, model, meter, service_tier
        ),
        same_month as (
            partition by
                provider, billing_account_id, billing_month, model, meter, service_tier
        )

),

final as (

    select
        account_prices.provider,
        account_prices.billing_account_id,
        account_prices.billing_month,
        account_prices.usage_date,
        account_prices.group_key,
        account_prices.model,
        account_prices.meter,
        account_prices.service_tier,
        account_prices.key_grain,
        case account_prices.source_rank when 1 then 'usage' when 2 then 'cost' else 'invoice' end
            as quantity_source,
        account_prices.is_tracked,
        account_prices.has_unknown_keys,
        account_prices.is_compared,
        account_prices.is_unstated,
        account_prices.has_request_counts,
        account_prices.metered_quantity,
        account_prices.metered_cost_usd,
        account_prices.contract_cost_usd,
        account_prices.unpriced_quantity,
        account_prices.partial_call_count,
        account_prices.stated_quantity as exported_quantity,
        cast(
            case
                when account_prices.is_compared
                    then account_prices.stated_quantity - account_prices.metered_quantity
                else 0
            end as decimal(38, 6)
        ) as quantity_difference,
        -- Where the provider states the cost of each call, its tokens have no price of their own.
        case when account_prices.is_reported_model then null else coalesce(
            case
                when account_prices.lowest_unit_price_usd = account_prices.highest_unit_price_usd
                    then account_prices.lowest_unit_price_usd
            end,
            case
                when account_prices.lowest_of_day = account_prices.highest_of_day
                    then account_prices.lowest_of_day
            end,
            case
                when account_prices.lowest_of_month = account_prices.highest_of_month
                    then account_prices.lowest_of_month
            end,
            prices.unit_price_usd
        ) end as unit_price_usd
    from account_prices
    left join prices
        on
            {{ columns_equal(
                'account_prices', 'prices', ['provider', 'model', 'service_tier', 'meter']
            ) }}
            and account_prices.usage_date >= prices.valid_from
            and account_prices.usage_date < prices.valid_until

)

select * from final
