{# One row per day, first and last included, as a column `calendar_date`; a select statement. #}
{% macro days_between(first_day, last_day) -%}
    {{ return(adapter.dispatch('days_between')(first_day, last_day)) }}
{%- endmacro %}

{% macro default__days_between(first_day, last_day) -%}
    select explode(sequence({{ first_day }}, {{ last_day }}, interval 1 day)) as calendar_date
{%- endmacro %}

{% macro duckdb__days_between(first_day, last_day) -%}
    select cast(unnest(generate_series({{ first_day }}, {{ last_day }}, interval 1 day)) as date)
        as calendar_date
{%- endmacro %}
