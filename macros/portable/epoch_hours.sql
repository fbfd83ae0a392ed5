{#
    Hours and days as whole numbers since 1970 (UTC): frames over time are then plain
    `range between 168 preceding and 24 preceding`, the same on every engine.
#}
{% macro epoch_hour(instant) -%}
    {{ return(adapter.dispatch('epoch_hour')(instant)) }}
{%- endmacro %}

{% macro default__epoch_hour(instant) -%}
    cast(floor(unix_timestamp({{ instant }}) / 3600) as bigint)
{%- endmacro %}

{% macro duckdb__epoch_hour(instant) -%}
    (epoch_us({{ instant }}) // 3600000000)
{%- endmacro %}

{% macro hour_of_epoch(hour_number) -%}
    {{ return(adapter.dispatch('hour_of_epoch')(hour_number)) }}
{%- endmacro %}

{% macro default__hour_of_epoch(hour_number) -%}
    timestamp_seconds(({{ hour_number }}) * 3600)
{%- endmacro %}

{% macro duckdb__hour_of_epoch(hour_number) -%}
    make_timestamptz(({{ hour_number }}) * 3600000000)
{%- endmacro %}

{% macro epoch_day(day) -%}
    {{ return(adapter.dispatch('epoch_day')(day)) }}
{%- endmacro %}

{% macro default__epoch_day(day) -%}
    datediff({{ day }}, date '1970-01-01')
{%- endmacro %}

{% macro duckdb__epoch_day(day) -%}
    ({{ day }} - date '1970-01-01')
{%- endmacro %}

{# The whole days a number of hours makes, rounded down. #}
{% macro day_of_hours(hour_number) -%}
    cast(floor(({{ hour_number }}) / 24.0) as bigint)
{%- endmacro %}

{% macro date_of_epoch_day(day_number) -%}
    {{ return(adapter.dispatch('date_of_epoch_day')(day_number)) }}
{%- endmacro %}

{% macro default__date_of_epoch_day(day_number) -%}
    date_add(date '1970-01-01', cast({{ day_number }} as int))
{%- endmacro %}

{% macro duckdb__date_of_epoch_day(day_number) -%}
    (date '1970-01-01' + cast({{ day_number }} as integer))
{%- endmacro %}
