{# Turns a row into one row per day, first and last included; the day is the expression. #}
{% macro day_of_series(first_day, last_day) -%}
    {{ return(adapter.dispatch('day_of_series')(first_day, last_day)) }}
{%- endmacro %}

{% macro default__day_of_series(first_day, last_day) -%}
    explode(sequence({{ first_day }}, {{ last_day }}, interval 1 day))
{%- endmacro %}

{% macro duckdb__day_of_series(first_day, last_day) -%}
    cast(unnest(generate_series({{ first_day }}, {{ last_day }}, interval 1 day)) as date)
{%- endmacro %}
