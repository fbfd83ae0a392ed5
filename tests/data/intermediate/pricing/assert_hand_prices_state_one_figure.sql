/*
Each hand-kept price states exactly one figure, in the unit of its meter: a price per million of a
token meter, a price per thousand of another, or a factor. A price in the wrong unit is wrong by a
thousand. Rows returned are the seed rows to repair.
*/
{% set token_meters = price_meters() | selectattr('per', 'equalto', 'million') | list %}

with

hand_prices as (

    select
        'price_overrides' as seed,
        provider,
        model_pattern as model,
        meter,
        valid_from,
        valid_to,
        usd_per_million,
        usd_per_thousand,
        multiplier as factor
    from {{ ref('price_overrides') }}

    union all

    select
        'contract_prices' as seed,
        provider,
        model,
        meter,
        valid_from,
        valid_to,
        usd_per_million,
        usd_per_thousand,
        discount_share as factor
    from {{ ref('contract_prices') }}

),

checked as (

    select
        *,
        case when usd_per_million is null then 0 else 1 end
        + case when usd_per_thousand is null then 0 else 1 end
        + case when factor is null then 0 else 1 end as figure_count,
        case
            when
                meter in (
                    {% for meter in token_meters %}
                        '{{ meter.name }}'{{ ',' if not loop.last }}
                    {% endfor %}
                )
                then 1
            else 0
        end as is_token_meter
    from hand_prices

)

select * from checked
where
    figure_count != 1
    or (usd_per_million is not null and is_token_meter = 0)
    or (usd_per_thousand is not null and (is_token_meter = 1 or meter = '*'))
    or coalesce(usd_per_million, usd_per_thousand, factor) < 0
    or (seed = 'contract_prices' and factor > 1)
    or valid_to <= valid_from
