{{ config(materialized='view') }}

/*
    Grain: call_id, meter; what each meter of a call was charged.

    The lines of a call sum to its billed_cost_usd exactly. A cost the provider stated itself is
    one line of the meter `provider_reported`. The lines of an unpriced call have a NULL cost:
    they show what was used and which price is missing. Calls that are not billable have none.
*/
with

calls as (

    select
        *,
        case
            when component_index = 0 then event_id
            else concat(event_id, '#', cast(component_index as varchar))
        end as call_id
    from {{ ref('int_calls_priced') }}

),

final as (

    select
        call_id,
        'provider_reported' as meter,
        'call' as unit,
        cast(1 as decimal(38, 6)) as quantity,
        cast(null as decimal(18, 9)) as usd_per_million,
        cast(null as decimal(18, 9)) as usd_per_thousand,
        provider_cost_usd as cost_usd,
        price_id,
        pricing_status,
        event_date
    from calls
    where pricing_status = 'provider_reported'
    {% for meter in price_meters() %}
        union all
        {{ charge_lines(meter) }}
    {% endfor %}

)

select * from final
