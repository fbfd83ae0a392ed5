{# The instant a day of the reporting zone ends. #}
{% macro end_of_reporting_day(day) -%}
    {{ return(adapter.dispatch('end_of_reporting_day')(day)) }}
{%- endmacro %}

{% macro default__end_of_reporting_day(day) -%}
    to_utc_timestamp(cast(date_add({{ day }}, 1) as timestamp), '{{ var('reporting_timezone') }}')
{%- endmacro %}

{% macro duckdb__end_of_reporting_day(day) -%}
    timezone('{{ var('reporting_timezone') }}', cast({{ day }} + interval 1 day as timestamp))
{%- endmacro %}
