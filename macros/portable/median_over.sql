{# The median over a frame of rows. Spark knows `percentile` over a frame, not `median`. #}
{% macro median_over(expression, frame) -%}
    {{ return(adapter.dispatch('median_over')(expression, frame)) }}
{%- endmacro %}

{% macro default__median_over(expression, frame) -%}
    percentile({{ expression }}, 0.5) over {{ frame }}
{%- endmacro %}

{% macro duckdb__median_over(expression, frame) -%}
    median({{ expression }}) over {{ frame }}
{%- endmacro %}
