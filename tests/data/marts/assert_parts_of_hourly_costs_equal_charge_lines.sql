/*
    What hourly costs say of reads, output and other charges is what the charge lines of the priced
    calls say, to the last digit.
    Rows returned are dates that differ.
*/
with

hourly as (

    select
        event_date,
        sum(cache_read_cost_usd) as cache_read_cost_usd,
        sum(output_cost_usd) as output_cost_usd,
        sum(other_cost_usd) as other_cost_usd
    from {{ ref('fct_costs_hourly') }}
    where
        {{ in_tested_dates('event_date') }}
        and pricing_status in ('contract', 'list')
    group by event_date

),

charges as (

    select
        event_date,
        sum(case when meter = 'cache_read' then cost_usd else 0 end) as cache_read_cost_usd,
        sum(case when meter = 'output' then cost_usd else 0 end) as output_cost_usd,
        sum(
            case
                when
                    meter in ('input', 'cache_write_5m', 'cache_write_1h', 'cache_read', 'output')
                    then 0
                else cost_usd
            end
        ) as other_cost_usd
    from {{ ref('fct_call_charges') }}
    where
        {{ in_tested_dates('event_date') }}
        and pricing_status in ('contract', 'list')
    group by event_date

)

select
    coalesce(hourly.event_date, charges.event_date) as event_date,
    hourly.cache_read_cost_usd,
    charges.cache_read_cost_usd as charged_cache_read_cost_usd,
    hourly.output_cost_usd,
    charges.output_cost_usd as charged_output_cost_usd
from hourly
full outer join charges
    on hourly.event_date = charges.event_date
-- A date of calls that used nothing has no charge line: nothing and 0 are the same there.
where
    coalesce(hourly.cache_read_cost_usd, 0) <> coalesce(charges.cache_read_cost_usd, 0)
    or coalesce(hourly.output_cost_usd, 0) <> coalesce(charges.output_cost_usd, 0)
    or coalesce(hourly.other_cost_usd, 0) <> coalesce(charges.other_cost_usd, 0)
