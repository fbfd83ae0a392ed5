{#
    A select of the charge lines of one meter, over `calls` (int_calls_priced with its call_id).

    Every call is a request; it gets a line for that only where requests cost something, and when
    it is unpriced, so that each unpriced call has a line however little it tells.
#}
{% macro charge_lines(meter) -%}
    {%- set million = meter.per == 'million' -%}
    {%- set price = 'cast(' ~ price_column(meter) ~ ' as decimal(18, 9))' -%}
    {%- set no_price = 'cast(null as decimal(18, 9))' -%}
        select
            call_id,
            '{{ meter.name }}' as meter,
            '{{ 'token' if million else meter.name }}' as unit,
            cast({{ meter.quantity }} as decimal(38, 6)) as quantity,
            {{ price if million else no_price }} as usd_per_million,
            {{ no_price if million else price }} as usd_per_thousand,
            case when pricing_status <> 'unpriced' then charge_{{ meter.name }}_usd end as cost_usd,
            price_id,
            pricing_status,
            event_date
        from calls
        where
        {%- if meter.name == 'request' %}
            (pricing_status in ('contract', 'list') and charge_request_usd <> 0)
            or pricing_status = 'unpriced'
        {%- else %}
            pricing_status in ('contract', 'list', 'unpriced')
            and {{ meter.quantity }} > 0
        {%- endif %}
{%- endmacro %}
