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

{% for meter in price_meters() %}
{{ meter.name }}_lines as (

    select
        call_id,
        '{{ meter.name }}' as meter,
        '{{ "token" if meter.per == "million" else meter.name }}' as unit,
        cast({{ meter.quantity }} as decimal(38, 6)) as quantity,
        {% if meter.per == 'million' %}
            cast({{ price_column(meter) }} as decimal(18, 9)) as usd_per_million,
            cast(null as decimal(18, 9)) as usd_per_thousand,
        {% else %}
            cast(null as decimal(18, 9)) as usd_per_million,
            cast({{ price_column(meter) }} as decimal(18, 9)) as usd_per_thousand,
        {% endif %}
        case
            when pricing_status <> 'unpriced' then charge_{{ meter.name }}_usd
        end as cost_usd,
        price_id,
        pricing_status,
        event_date
    from calls
    where
        {% if meter.name == 'request' %}
            -- Every call is a request; a line only where requests cost something, and on an
            -- unpriced call, so that each has a line however little it tells.
            (pricing_status in ('contract', 'list') and charge_request_usd <> 0)
            or pricing_status = 'unpriced'
        {% else %}
            pricing_status in ('contract', 'list', 'unpriced')
            and {{ meter.quantity }} > 0
        {% endif %}

),

{% endfor %}
provider_reported_lines as (

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

),

final as (

    select * from provider_reported_lines
    {% for meter in price_meters() %}
        union all
        select * from {{ meter.name }}_lines
    {% endfor %}

)

select * from final
