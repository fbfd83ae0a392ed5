{% macro quantity_type_of(meter) %}
    {#- 19 digits, see charge_usd; seconds have decimals. -#}
    {{- return("decimal(19, 6)" if meter.name == "audio_second" else "decimal(19, 0)") -}}
{% endmacro %}


{% macro full_price_meter(meter) %}
    {#- The meter whose price the tokens of a cache meter would have had without a cache. -#}
    {%- set name = "input_audio" if meter.name == "cache_read_audio" else "input" -%}
    {{- return(price_meters() | selectattr("name", "equalto", name) | first) -}}
{% endmacro %}
