{{ config(materialized='table') }}

/*
    Grain: provider, price_model, meter, service_tier, context_tier, inference_geo, project_id,
    usage_date.

    Our own price of one unit for everything a provider charged that day, in US dollars, at the
    tier it names and at every other: what the unit proof and the implied prices compare with.
    A project's own contract wins over the price for all; prices of a part of the day are not used.
*/
{% set key = [
    'provider',
    'price_provider',
    'price_model',
    'meter',
    'service_tier',
    'context_tier',
    'inference_geo',
    'project_id',
    'usage_date',
] %}

with

lines as (

    select * from {{ ref('int_provider_cost_lines_chosen') }}

),

prices as (

    select * from {{ ref('int_prices_effective') }}

),

price_modifiers as (

    select * from {{ ref('price_modifiers') }}

),

keys as (

    select distinct
        {% for column in key if column != 'service_tier' %}
            lines.{{ column }},
        {% endfor %}
        prices.service_tier
    from lines
    inner join prices
        on
            lines.price_provider = prices.provider
            and lines.price_model = prices.model

),

-- grain: price_id, meter
price_lines as (

    {% for meter in price_meters() %}
        select
            price_id,
            provider,
            model,
            project_scope,
            service_tier,
            input_tokens_over,
            valid_from,
            valid_until,
            '{{ meter.name }}' as meter,
            cast(
                cast({{ price_column(meter) }} as decimal(38, 9)) * {{ one_unit_of(meter) }}
                as decimal(38, 15)
            ) as unit_price_usd
        from prices
        where
            {{ price_column(meter) }} is not null
            and daily_from_us = 0
            and daily_to_us = 86400000000
        {{ 'union all' if not loop.last }}
    {% endfor %}

),

ranked as (

    select
        {% for column in key %}
            keys.{{ column }},
        {% endfor %}
        price_lines.price_id,
        case
            when price_modifiers.multiplier is null then price_lines.unit_price_usd
            else cast(
                price_lines.unit_price_usd * price_modifiers.multiplier as decimal(38, 15)
            )
        end as unit_price_usd,
        row_number() over (
            partition by
            {% for column in key %}
                    keys.{{ column }}{{ ',' if not loop.last }}
            {% endfor %}
            order by
                case when price_lines.project_scope = '*' then 1 else 0 end,
                case
                    when keys.context_tier = 'long' then -price_lines.input_tokens_over
                    else price_lines.input_tokens_over
                end,
                price_lines.price_id
        ) as price_rank
    from keys
    inner join price_lines
        on
            keys.price_provider = price_lines.provider
            and keys.price_model = price_lines.model
            and keys.meter = price_lines.meter
            and keys.service_tier = price_lines.service_tier
            and price_lines.project_scope in ('*', keys.project_id)
            and keys.usage_date >= price_lines.valid_from
            and keys.usage_date < price_lines.valid_until
    left join price_modifiers
        on
            price_modifiers.field = 'inference_geo'
            and keys.price_provider = price_modifiers.provider
            and keys.inference_geo = price_modifiers.value
            and {{ fits_pattern('keys.price_model', 'price_modifiers.model_pattern') }}
            and keys.usage_date >= price_modifiers.valid_from
            and (
                price_modifiers.valid_to is null
                or keys.usage_date < price_modifiers.valid_to
            )

),

final as (

    select
        {% for column in key %}
            {{ column }},
        {% endfor %}
        price_id,
        unit_price_usd
    from ranked
    where price_rank = 1

)

select * from final
