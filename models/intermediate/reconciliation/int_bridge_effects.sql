{{ config(materialized='table') }}

/*
    Grain: provider, billing_account_id, billing_month, currency, model, meter, service_tier, step,
    cause.

    Steps 10 to 42 of the bridge per model, meter and tier, before anything is known of invoices:
    from what our ledger says of our month to what the provider's export charges for its own.
    Requests carry no money and are not here. Every amount is turned into the currency where it is
    made, so the steps sum to the exported charge to the last digit.
*/
{% set sku = [
    'provider', 'billing_account_id', 'billing_month', 'model', 'meter', 'service_tier'
] %}

with

metered as (

    select * from {{ ref('int_metered_usage_by_account') }}

),

compared as (

    select * from {{ ref('int_quantities_compared') }}

),

currencies as (

    select * from {{ ref('int_billing_currencies') }}

),

metered_here as (

    select
        metered.provider,
        metered.billing_account_id,
        metered.metered_month as billing_month,
        metered.model,
        metered.meter,
        metered.service_tier,
        metered.quantity,
        metered.cost_usd
    from metered

),

-- Steps 10 and 20: our month, and the provider's.
our_month as (

    select
        {% for column in sku %}
            metered_here.{{ column }},
        {% endfor %}
        currencies.currency,
        metered_here.quantity,
        {{ in_currency('metered_here.cost_usd', 'currencies.units_per_usd') }} as amount
    from metered_here
    inner join currencies
        on {{ columns_equal('metered_here', 'currencies', sku) }}

),

their_month as (

    select
        {% for column in sku %}
            compared.{{ column }},
        {% endfor %}
        currencies.currency,
        compared.metered_quantity as quantity,
        {{ in_currency('compared.metered_cost_usd', 'currencies.units_per_usd') }} as amount
    from compared
    inner join currencies
        on {{ columns_equal('compared', 'currencies', sku) }}

),

months_summed as (

    select
        {{ (sku + ['currency']) | join(',\n        ') }},
        sum(quantity) as quantity,
        sum(amount) as amount
    from (
        select
            {{ (sku + ['currency']) | join(', ') }},
            quantity,
            amount
        from their_month

        union all

        select
            {{ (sku + ['currency']) | join(', ') }},
            -quantity as quantity,
            -amount as amount
        from our_month
    ) as months
    group by {{ (sku + ['currency']) | join(', ') }}

),

differences as (

    select
        {{ sku | join(',\n        ') }},
        step,
        cause,
        quantity_difference as quantity,
        amount_usd
    from {{ ref('int_quantity_causes') }}

    union all

    select
        {{ sku | join(',\n        ') }},
        step,
        case when step = 20 then 'charged_in_another_month' else 'untracked_keys' end as cause,
        quantity,
        amount_usd
    from {{ ref('int_late_usage') }}

),

effects as (

    select
        {{ (sku + ['currency']) | join(',\n        ') }},
        10 as step,
        '' as cause,
        quantity,
        amount
    from our_month

    union all

    select
        {{ (sku + ['currency']) | join(',\n        ') }},
        20 as step,
        case when quantity <> 0 or abs(amount) > 0.000001 then 'day_cut' else 'rounding' end
            as cause,
        quantity,
        amount
    from months_summed
    where quantity <> 0 or amount <> 0

    union all

    select
        {% for column in sku %}
            differences.{{ column }},
        {% endfor %}
        currencies.currency,
        differences.step,
        differences.cause,
        differences.quantity,
        {{ in_currency('differences.amount_usd', 'currencies.units_per_usd') }} as amount
    from differences
    inner join currencies
        on {{ columns_equal('differences', 'currencies', sku) }}

    union all

    select
        {{ (sku + ['currency']) | join(',\n        ') }},
        step,
        cause,
        cast(0 as decimal(38, 6)) as quantity,
        amount
    from {{ ref('int_charge_causes') }}

),

final as (

    select
        {{ (sku + ['currency']) | join(',\n        ') }},
        step,
        cause,
        cast(sum(quantity) as decimal(38, 6)) as quantity,
        cast(sum(amount) as decimal(38, 12)) as amount
    from effects
    where meter <> 'requests'
    group by {{ (sku + ['currency']) | join(', ') }}, step, cause

)

select * from final
