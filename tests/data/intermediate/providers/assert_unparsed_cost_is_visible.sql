/*
    What was charged for each meter is the same whether one looks at days or at verbatim texts,
    money that no rule understands included.
    Rows returned are meters and currencies that differ.
*/
with

by_day as (

    select
        meter,
        currency,
        sum(line_count) as line_count,
        sum(cost) as cost,
        count(*) as cell_count
    from {{ ref('fct_provider_costs_daily') }}
    group by
        meter,
        currency

),

by_text as (

    select
        meter,
        currency,
        sum(line_count) as line_count,
        sum(cost) as cost,
        count(*) as cell_count
    from {{ ref('fct_provider_skus') }}
    where line_count is not null
    group by
        meter,
        currency

)

select
    coalesce(by_day.meter, by_text.meter) as meter,
    coalesce(by_day.currency, by_text.currency) as currency,
    by_day.cost as cost_by_day,
    by_text.cost as cost_by_text
from by_day
full outer join by_text
    on
        by_day.meter = by_text.meter
        and by_day.currency = by_text.currency
where
    by_day.line_count is distinct from by_text.line_count
    or abs(by_day.cost - by_text.cost)
    > 0.000000000001 * (by_day.cell_count + by_text.cell_count)
