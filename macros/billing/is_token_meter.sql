{# Meters that count tokens; the others count calls, seconds, images or money. #}
{% macro is_token_meter(meter) -%}
    {{ meter }} in (
        'input',
        'cache_read',
        'cache_write_5m',
        'cache_write_1h',
        'output',
        'input_audio',
        'cache_read_audio',
        'output_audio'
    )
{%- endmacro %}
