{# Distinct texts of a group as one, in order, separated by commas. #}
{% macro listed_texts(expression) -%}
    {{ return(adapter.dispatch('listed_texts')(expression)) }}
{%- endmacro %}

{% macro default__listed_texts(expression) -%}
    array_join(sort_array(collect_set({{ expression }})), ',')
{%- endmacro %}

{% macro duckdb__listed_texts(expression) -%}
    string_agg(distinct {{ expression }}, ',' order by {{ expression }})
{%- endmacro %}
