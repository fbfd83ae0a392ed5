{# A quantile of a group's values, interpolated. #}
{% macro quantile_of(measure, share) -%}
    {{ return(adapter.dispatch('quantile_of')(measure, share)) }}
{%- endmacro %}

{% macro default__quantile_of(measure, share) -%}
    percentile({{ measure }}, {{ share }})
{%- endmacro %}

{% macro duckdb__quantile_of(measure, share) -%}
    quantile_cont({{ measure }}, {{ share }})
{%- endmacro %}
