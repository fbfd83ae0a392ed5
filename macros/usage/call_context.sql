{# What a call says about where it belongs; int_call_contexts numbers the combinations. #}
{% macro call_context_columns() -%}
    {{ return([
        'provider',
        'model',
        'requested_model',
        'operation',
        'service_tier',
        'outcome',
        'usage_status',
        'tenant_id',
        'feature',
        'environment',
        'team',
        'workload_class',
        'workflow_id',
        'prompt_version',
        'route_policy_version',
        'api_key_id',
        'project_id',
        'endpoint',
    ]) }}
{%- endmacro %}

{# Join condition: both relations say the same, NULL being a thing that can be said. #}
{% macro same_call_context(left, right) -%}
    {%- for column in call_context_columns() -%}
        {{ left }}.{{ column }} is not distinct from {{ right }}.{{ column }}
        {{- '\n            and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# Contexts numbered by earlier builds; none in a full refresh. #}
{% macro known_call_contexts() -%}
    {%- if is_incremental() -%}
        {{ this }}
    {%- else -%}
        (
            select
                cast(null as integer) as context_id,
                {% for column in call_context_columns() -%}
                    cast(null as varchar) as {{ column }}{{ ', ' if not loop.last }}
                {%- endfor %}
            where false
        ) as nothing
    {%- endif -%}
{%- endmacro %}
