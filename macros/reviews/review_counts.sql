{# What a review counts of each scope. #}
{% macro review_counts() -%}
    {{ return([
        'call_count',
        'operation_count',
        'retry_call_count',
        'fallback_call_count',
        'failed_call_count',
        'unpriced_call_count',
        'input_tokens',
        'cache_read_tokens',
        'output_tokens',
    ]) }}
{%- endmacro %}
