{# An instant as text to the minute, UTC, whatever the session's zone. #}
{% macro hour_text(instant) -%}
    {{ return(adapter.dispatch('hour_text')(instant)) }}
{%- endmacro %}

{% macro default__hour_text(instant) -%}
    concat(date_format(to_utc_timestamp({{ instant }}, current_timezone()), 'yyyy-MM-dd HH:mm'), ' UTC')
{%- endmacro %}

{% macro duckdb__hour_text(instant) -%}
    strftime(timezone('UTC', {{ instant }}), '%Y-%m-%d %H:%M UTC')
{%- endmacro %}
