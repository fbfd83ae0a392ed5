{# Meters that count what a tool did, charged beside the tokens of the call. #}
{% macro is_tool_meter(meter) -%}
    {{ meter }} in (
        'web_search',
        'code_execution',
        'image',
        'search_unit',
        'audio_second',
        'file_search',
        'storage_byte',
        'character',
        'moderation_input'
    )
{%- endmacro %}
