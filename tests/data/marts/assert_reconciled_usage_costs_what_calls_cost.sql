/*
    The ledger's side of the reconciliation costs what its calls cost, day by day, to the last
    digit.
    Rows returned are days that differ.
*/
with

metered as (

    select
        event_date,
        sum(cost_usd) as cost_usd
    from {{ ref('int_metered_usage_daily') }}
    where {{ in_touched_dates('event_date') }}
    group by event_date

),

calls as (

    select
        event_date,
        sum(billed_cost_usd) as cost_usd
    from {{ ref('int_call_costs_summed_hourly') }}
    where {{ in_touched_dates('event_date') }}
    group by event_date

)

select
    coalesce(metered.event_date, calls.event_date) as event_date,
    metered.cost_usd as metered_cost_usd,
    calls.cost_usd as call_cost_usd
from metered
full outer join calls
    on metered.event_date = calls.event_date
where coalesce(metered.cost_usd, 0) <> coalesce(calls.cost_usd, 0)
