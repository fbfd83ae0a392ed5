{{ config(materialized='table') }}

/*
    Grain: provider, billing_account_id, billing_month, model, meter, service_tier.

    The currency our own figures of a month are turned into, for each model, meter and tier: the
    one it is charged in, else the one most of the account is charged in, else the account's
    latest, else dollars. `units_per_usd` is empty where nobody wrote down a rate.
*/
{% set sku = [
    'provider', 'billing_account_id', 'billing_month', 'model', 'meter', 'service_tier'
] %}

with

charges as (

    select
        {{ sku | join(',\n        ') }},
        currency,
        1 as evidence_rank
    from {{ ref('int_provider_costs_daily') }}
    where charge_category = 'usage'

    union all

    select
        {{ sku | join(',\n        ') }},
        currency,
        2 as evidence_rank
    from {{ ref('int_invoice_lines_keyed') }}
    where component = 'usage'

),

metered as (

    select * from {{ ref('int_metered_usage_by_account') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates') }}

),

skus as (

    select distinct {{ sku | join(', ') }}
    from metered

    union

    select distinct
        provider,
        billing_account_id,
        metered_month as billing_month,
        model,
        meter,
        service_tier
    from metered

    union

    select distinct {{ sku | join(', ') }}
    from {{ ref('int_quantities_compared') }}

    union

    select distinct {{ sku | join(', ') }}
    from {{ ref('int_exported_quantities') }}

),

sku_currencies as (

    select
        {{ sku | join(',\n        ') }},
        currency,
        row_number() over (
            partition by {{ sku | join(', ') }}
            order by min(evidence_rank), count(*) desc, currency
        ) as choice
    from charges
    group by {{ sku | join(', ') }}, currency

),

month_currencies as (

    select
        provider,
        billing_account_id,
        billing_month,
        currency,
        row_number() over (
            partition by provider, billing_account_id, billing_month
            order by min(evidence_rank), count(*) desc, currency
        ) as choice
    from charges
    group by provider, billing_account_id, billing_month, currency

),

account_currencies as (

    select
        provider,
        billing_account_id,
        currency,
        row_number() over (
            partition by provider, billing_account_id
            order by max(billing_month) desc, count(*) desc, currency
        ) as choice
    from charges
    group by provider, billing_account_id, currency

),

chosen as (

    select
        skus.*,
        coalesce(
            sku_currencies.currency,
            month_currencies.currency,
            account_currencies.currency,
            'USD'
        ) as currency
    from skus
    left join sku_currencies
        on
            skus.provider = sku_currencies.provider
            and skus.billing_account_id = sku_currencies.billing_account_id
            and skus.billing_month = sku_currencies.billing_month
            and skus.model = sku_currencies.model
            and skus.meter = sku_currencies.meter
            and skus.service_tier = sku_currencies.service_tier
            and sku_currencies.choice = 1
    left join month_currencies
        on
            skus.provider = month_currencies.provider
            and skus.billing_account_id = month_currencies.billing_account_id
            and skus.billing_month = month_currencies.billing_month
            and month_currencies.choice = 1
    left join account_currencies
        on
            skus.provider = account_currencies.provider
            and skus.billing_account_id = account_currencies.billing_account_id
            and account_currencies.choice = 1

),

final as (

    select
        chosen.*,
        exchange_rates.units_per_usd
    from chosen
    left join exchange_rates
        on
            chosen.currency = exchange_rates.currency
            and {{ rate_of_month('exchange_rates', 'chosen.billing_month') }}

)

select * from final
