{{ config(materialized='table') }}

/*
    Grain: event_date, provider_date, cost_date, provider, project_id, api_key_id, model, meter,
    service_tier.

    What our own ledger says each key used and what that costs, one row a meter. Tokens of calls
    whose provider stated the cost itself keep their quantity and cost nothing here: their money is
    the meter `provider_reported`.
*/
{% set meters = price_meters() | rejectattr('name', 'equalto', 'request') | list %}
{% set day = [
    'event_date', 'provider_date', 'cost_date', 'provider', 'project_id', 'api_key_id', 'model',
    'service_tier', 'pricing_status', 'price_id'
] %}

with

days as (

    select * from {{ ref('int_metered_calls_summed_daily') }}

),

-- One row a meter. A cost is 0 where the money stands on another meter, NULL where nobody knows it.
lines as (

    select
        {{ day | join(',\n        ') }},
        'requests' as meter,
        call_count as quantity,
        cast(0 as decimal(38, 12)) as cost_usd,
        cast(null as decimal(38, 18)) as unit_price_usd,
        call_count,
        partial_call_count
    from days

    union all

    select
        {{ day | join(',\n        ') }},
        'request' as meter,
        call_count as quantity,
        charge_request_usd as cost_usd,
        cast(null as decimal(38, 18)) as unit_price_usd,
        cast(0 as decimal(38, 6)) as call_count,
        cast(0 as decimal(38, 6)) as partial_call_count
    from days
    where pricing_status in ('contract', 'list') and charge_request_usd <> 0

    union all

    select
        {{ day | join(',\n        ') }},
        'provider_reported' as meter,
        call_count as quantity,
        provider_cost_usd as cost_usd,
        cast(null as decimal(38, 18)) as unit_price_usd,
        cast(0 as decimal(38, 6)) as call_count,
        cast(0 as decimal(38, 6)) as partial_call_count
    from days
    where pricing_status = 'provider_reported'
    {% for meter in meters %}

        union all

        select
            {{ day | join(',\n            ') }},
            '{{ meter.name }}' as meter,
            {{ meter.name }}_quantity as quantity,
            case
                when pricing_status = 'provider_reported' then 0
                when pricing_status <> 'unpriced' then charge_{{ meter.name }}_usd
            end as cost_usd,
            case
                when pricing_status in ('contract', 'list')
                    then cast(
                        {{ price_column(meter) }} * {{ one_unit_of(meter) }} as decimal(38, 18)
                    )
            end as unit_price_usd,
            cast(0 as decimal(38, 6)) as call_count,
            cast(0 as decimal(38, 6)) as partial_call_count
        from days
        where {{ meter.name }}_quantity <> 0
    {% endfor %}

),

final as (

    select
        event_date,
        provider_date,
        cost_date,
        provider,
        project_id,
        api_key_id,
        model,
        meter,
        service_tier,
        cast(sum(quantity) as decimal(38, 6)) as quantity,
        cast(sum(cost_usd) as decimal(38, 12)) as cost_usd,
        -- The price of the day, where the day had one; several prices are no price.
        case when min(unit_price_usd) = max(unit_price_usd) then max(unit_price_usd) end
            as unit_price_usd,
        cast(
            sum(case when pricing_status = 'contract' then cost_usd else 0 end)
            as decimal(38, 12)
        ) as contract_cost_usd,
        cast(
            sum(case when pricing_status = 'unpriced' then quantity else 0 end)
            as decimal(38, 6)
        ) as unpriced_quantity,
        cast(sum(call_count) as bigint) as call_count,
        cast(sum(partial_call_count) as bigint) as partial_call_count,
        cast(sum(case when pricing_status = 'unpriced' then call_count else 0 end) as bigint)
            as unpriced_call_count
    from lines
    group by
        event_date,
        provider_date,
        cost_date,
        provider,
        project_id,
        api_key_id,
        model,
        meter,
        service_tier

)

select * from final
