{# Fields a mapping rule can fill. #}
{% macro attributed_columns() -%}
    {{ return(['tenant_id', 'feature', 'team', 'environment', 'workload_class']) }}
{%- endmacro %}
