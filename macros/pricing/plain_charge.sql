{#
    Nearly every call uses common meters only, at prices of whole picodollars. Its charge is then
    plain 64-bit arithmetic in picodollars: the same figure as the sum of its charge lines, at a
    quarter of what 128-bit decimals cost. `is_plain` says for which calls that holds.
#}
{% macro common_meters() %}
    {#- The meters of nearly every call: price_meters names what each bills in a plain call. -#}
    {{ return(price_meters() | selectattr("plain", "defined") | list) }}
{% endmacro %}


{% macro plain_price_column(meter) %}
    {{- return(meter.name ~ "_unit_price_picodollars") -}}
{% endmacro %}


{% macro plain_saving_column(meter) %}
    {{- return(meter.name ~ "_unit_saving_picodollars") -}}
{% endmacro %}


{% macro plain_below_column(meter) %}
    {{- return(meter.name ~ "_plain_below") -}}
{% endmacro %}


{% macro picodollars(price) %}
    {#- A price of whole picodollars as a 64-bit number; 0 where there is none. -#}
    coalesce(cast({{ price }} * 1000000000000 as bigint), 0)
{% endmacro %}


{% macro is_plain() %}
    {#- Each meter the call uses is a common one with a whole price, and no line is of 128 bits. -#}
    {% for meter in price_meters() if meter.name != "request" %}
        {{ "and " if not loop.first }}greatest({{ meter.plain or meter.quantity }}, 0)
        {%- if meter.plain %} < prices.{{ plain_below_column(meter) }}{% else %} = 0{% endif %}
    {% endfor %}
{% endmacro %}


{% macro plain_charge_usd() %}
    cast(
        prices.request_fee_picodollars
        {% for meter in common_meters() %}
            + greatest({{ meter.plain }}, 0) * prices.{{ plain_price_column(meter) }}
        {% endfor %}
        as decimal(38, 0)
    ) * 0.000000000001
{% endmacro %}


{% macro plain_cache_saving_usd() %}
    cast(
        0
        {% for meter in common_meters() if meter.name.startswith("cache_") %}
            + greatest({{ meter.plain }}, 0) * prices.{{ plain_saving_column(meter) }}
        {% endfor %}
        as decimal(38, 0)
    ) * 0.000000000001
{% endmacro %}


{% macro plain_read_premium_usd() %}
    cast(
        0
        {% for meter in unread_input_meters() %}
            + greatest({{ meter.plain }}, 0)
            * (prices.{{ plain_price_column(meter) }} - prices.cache_read_unit_price_picodollars)
        {% endfor %}
        as decimal(38, 0)
    ) * 0.000000000001
{% endmacro %}
