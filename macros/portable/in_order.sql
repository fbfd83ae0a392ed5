{# Several columns as one value that sorts by the first, then the second, and so on. #}
{% macro in_order(columns) -%}
    {{ return(adapter.dispatch('in_order')(columns)) }}
{%- endmacro %}

{% macro default__in_order(columns) -%}
    struct({{ columns | join(', ') }})
{%- endmacro %}

{% macro duckdb__in_order(columns) -%}
    row({{ columns | join(', ') }})
{%- endmacro %}
