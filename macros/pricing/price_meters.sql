{% macro price_meters() %}
    {#- Every meter a price can be quoted for: its price column, and the quantity of a call that it
        bills. Quantities are disjoint: audio is taken out of the text class it is part of. The
        common meters also name the column they bill where a call has no audio: see is_plain. -#}
    {%- set input = "calls.uncached_input_tokens" -%}
    {%- set read = "calls.cache_read_tokens" -%}
    {%- set write_5m = "calls.cache_write_5m_tokens" -%}
    {%- set write_1h = "calls.cache_write_1h_tokens" -%}
    {%- set output = "calls.output_tokens" -%}
    {%- set text_input = "(" ~ input ~ " - coalesce(calls.input_audio_tokens, 0))" -%}
    {%- set text_read = "(" ~ read ~ " - coalesce(calls.cache_read_audio_tokens, 0))" -%}
    {%- set text_output = "(" ~ output ~ " - coalesce(calls.output_audio_tokens, 0))" -%}
    {{ return([
        {"name": "input", "per": "million", "quantity": text_input, "plain": input},
        {"name": "cache_read", "per": "million", "quantity": text_read, "plain": read},
        {"name": "cache_write_5m", "per": "million", "quantity": write_5m, "plain": write_5m},
        {"name": "cache_write_1h", "per": "million", "quantity": write_1h, "plain": write_1h},
        {"name": "output", "per": "million", "quantity": text_output, "plain": output},
        {"name": "input_audio", "per": "million", "quantity": "calls.input_audio_tokens"},
        {"name": "cache_read_audio", "per": "million", "quantity": "calls.cache_read_audio_tokens"},
        {"name": "output_audio", "per": "million", "quantity": "calls.output_audio_tokens"},
        {"name": "request", "per": "thousand", "quantity": "1"},
        {"name": "web_search", "per": "thousand", "quantity": "calls.web_search_requests"},
        {"name": "code_execution", "per": "thousand", "quantity": "calls.code_execution_sessions"},
        {"name": "image", "per": "thousand", "quantity": "calls.image_count"},
        {"name": "audio_second", "per": "thousand", "quantity": "calls.audio_seconds"},
        {"name": "search_unit", "per": "thousand", "quantity": "calls.search_units"},
    ]) }}
{% endmacro %}


{% macro price_column(meter) %}
    {{- return(meter.name ~ "_usd_per_" ~ meter.per) -}}
{% endmacro %}


{% macro unit_price_column(meter) %}
    {#- The same price of one unit, in whole picodollars; NULL where it needs more decimals. -#}
    {{- return(meter.name ~ "_unit_price_usd") -}}
{% endmacro %}


{% macro one_unit_of(meter) %}
    {{- return("0.000001" if meter.per == "million" else "0.001") -}}
{% endmacro %}
