{# Counted meters every roll-up carries; audio seconds, the one that is no whole number, apart. #}
{% macro usage_columns() -%}
    {{ return([
        'uncached_input_tokens',
        'cache_read_tokens',
        'cache_write_5m_tokens',
        'cache_write_1h_tokens',
        'output_tokens',
        'reasoning_tokens',
        'input_audio_tokens',
        'cache_read_audio_tokens',
        'output_audio_tokens',
        'web_search_requests',
        'code_execution_sessions',
        'image_count',
        'search_units',
    ]) }}
{%- endmacro %}
