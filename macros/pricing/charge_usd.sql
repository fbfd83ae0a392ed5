{% macro charge_usd(meter, priced_as=none) %}
    {#- One charge line, DECIMAL(38,12), rounded once: 0 where the meter was not used, NULL where it
        was used and has no price. `priced_as` is another meter whose price to take.

        A unit price in whole picodollars makes the product exact at 12 decimals: every price per
        thousand, and nearly every price per million. Only a finer one takes the branch that rounds:
        DuckDB rounds 128-bit decimals at half a microsecond each, six times the cost of the whole
        join when every row did it.

        DuckDB multiplies two decimals of 18 digits or fewer in 64 bits, a third cheaper for the
        whole model, and stops at a million dollars. So below ten million tokens the quantity is
        narrow (unit prices of tokens are below ten cents), above it has 19 digits; and no more,
        because Spark cuts decimals off a product of more than 38. -#}
    {%- set quantity = meter.quantity -%}
    {%- set price_meter = priced_as or meter -%}
    {%- set unit_price = "prices." ~ unit_price_column(price_meter) -%}
    {%- set wide = "cast(" ~ quantity ~ " as " ~ quantity_type_of(meter) ~ ")" -%}
    {%- set narrow = "cast(" ~ quantity ~ " as decimal(11, 0))" -%}
    {%- set millionths = wide ~ " * prices." ~ price_column(price_meter) -%}
    {%- set finer = "cast(" ~ millionths ~ " as decimal(31, 9)) * 0.000001" -%}
    case
        {% if price_meter.per == "thousand" %}
            when {{ quantity }} > 0
                then cast({{ wide }} * {{ unit_price }} as decimal(38, 12))
        {% else %}
            when {{ quantity }} > 0 and {{ quantity }} < 10000000
                then coalesce(
                    cast({{ narrow }} * {{ unit_price }} as decimal(38, 12)),
                    cast({{ finer }} as decimal(38, 12))
                )
            when {{ quantity }} > 0
                then coalesce(
                    cast({{ wide }} * {{ unit_price }} as decimal(38, 12)),
                    cast({{ finer }} as decimal(38, 12))
                )
        {% endif %}
        else 0
    end
{% endmacro %}


{% macro cache_saving_usd(meter) %}
    {#- What the tokens of a cache meter would have cost as plain input, minus their charge;
        negative for writes dearer than input. -#}
    {{ charge_usd(meter, full_price_meter(meter)) }} - {{ charge_usd(meter) }}
{% endmacro %}


{% macro unread_input_meters() %}
    {#- Text input that was not read from the cache. -#}
    {{ return(price_meters() | selectattr(
        "name", "in", ["input", "cache_write_5m", "cache_write_1h"]
    ) | list) }}
{% endmacro %}


{% macro read_premium_usd(meter) %}
    {#- What the tokens of a meter cost beyond the price of reading them from the cache. -#}
    {%- set read = price_meters() | selectattr("name", "equalto", "cache_read") | first -%}
    {{ charge_usd(meter) }} - {{ charge_usd(meter, read) }}
{% endmacro %}
