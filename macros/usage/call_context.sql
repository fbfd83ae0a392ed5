{# What a call says about where it belongs; int_call_contexts lists the combinations. #}
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

{# The number of a row's context: the row tells it itself, so nothing is joined to find it. #}
{% macro call_context_id(relation) -%}
    {{ return(hash_64(relation, call_context_columns())) }}
{%- endmacro %}
