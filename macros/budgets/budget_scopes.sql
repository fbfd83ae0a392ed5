{# The scopes a budget can be set for, beside the organisation (`org`, scope_id `*`). #}
{% macro budget_scope_columns() -%}
    {{ return({
        'team': 'team',
        'tenant': 'tenant_id',
        'feature': 'feature',
        'model': 'model',
        'provider': 'provider',
        'workflow': 'workflow_id',
    }) }}
{%- endmacro %}

{# One of them as fct_costs_hourly names it, over `contexts` and `periods`; never NULL. #}
{% macro scope_of_context(column) -%}
    {%- if column in ['team', 'tenant_id', 'feature'] -%}
        {{ attributed(column, 'contexts') }}
    {%- else -%}
        {{ or_unattributed('contexts.' ~ column) }}
    {%- endif -%}
{%- endmacro %}
