{% macro charge_usd(quantity, price_meter, quantity_type="decimal(11, 0)") %}
    {#- One charge line, DECIMAL(38,12), rounded once: 0 where the meter was not used, NULL where it
        was used and has no price.

        A unit price in whole picodollars (nearly all) makes the product exact at 12 decimals. Only
        a finer one takes the second branch, which rounds: DuckDB rounds 128-bit decimals at half a
        microsecond each, six times the cost of the whole join when every row did it. The quantity
        is narrowed so that no product passes 38 digits, on Spark either. -#}
    case
        when {{ quantity }} > 0
            then coalesce(
                cast(
                    cast({{ quantity }} as {{ quantity_type }})
                    * prices.{{ unit_price_column(price_meter) }} as decimal(38, 12)
                ),
                cast(
                    cast({{ quantity }} as {{ quantity_type }})
                    * prices.{{ price_column(price_meter) }}
                    * {{ one_unit_of(price_meter) }} as decimal(38, 12)
                )
            )
        else 0
    end
{% endmacro %}
