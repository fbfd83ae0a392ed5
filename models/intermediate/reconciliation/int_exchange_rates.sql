/*
    Grain: currency, valid_from.
    The written-down rates with their last day, and the dollar's own.
*/
with

fx_rates as (

    select * from {{ ref('fx_rates') }}
    where currency <> 'USD'

),

final as (

    select
        currency,
        valid_from,
        lead(valid_from) over (partition by currency order by valid_from) as valid_until,
        units_per_usd,
        usd_per_unit
    from fx_rates

    union all

    select
        'USD' as currency,
        date '1970-01-01' as valid_from,
        cast(null as date) as valid_until,
        cast(1 as decimal(18, 9)) as units_per_usd,
        cast(1 as decimal(18, 9)) as usd_per_unit

)

select * from final
