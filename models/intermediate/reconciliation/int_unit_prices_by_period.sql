{{ config(materialized='table') }}

/*
    Grain: provider, model, service_tier, meter, valid_from.

    What one unit of a meter costs by our own price tables, for any model, also those no call of
    ours has used: usage on keys we do not log is valued with it. The base price: the lowest
    context tier, the whole day, no project's own contract. `provider` is the one that bills.
*/
with

prices as (

    select * from {{ ref('int_prices_effective') }}
    where
        project_scope = '*'
        and input_tokens_over = 0
        and daily_from_us = 0

),

models_matched as (

    select * from {{ ref('int_models_matched') }}

),

billers as (

    select distinct
        provider,
        price_provider,
        price_model
    from models_matched
    where price_model is not null

    union

    select distinct
        provider,
        provider as price_provider,
        model as price_model
    from prices

),

billed as (

    select
        billers.provider as biller,
        prices.*
    from billers
    inner join prices
        on
            billers.price_provider = prices.provider
            and billers.price_model = prices.model

),

final as (

    {% for meter in price_meters() %}
        {{ 'union all' if not loop.first }}
        select
            biller as provider,
            model,
            service_tier,
            '{{ meter.name }}' as meter,
            valid_from,
            valid_until,
            cast(
                cast({{ price_column(meter) }} as decimal(18, 9))
                * {{ one_unit_of(meter) }} as decimal(38, 18)
            ) as unit_price_usd
        from billed
        where {{ price_column(meter) }} is not null
    {% endfor %}

)

select * from final
