{# Sources whose times say nothing of how far our own logs reach; the rest are calls and events. #}
{% macro billing_sources() -%}
    {{ return([
        'openai-usage',
        'openai-costs',
        'anthropic-usage',
        'anthropic-costs',
        'gcp-billing',
        'aws-cur',
        'azure-costs',
        'openrouter',
        'focus',
        'invoices',
        'changes',
    ]) }}
{%- endmacro %}
