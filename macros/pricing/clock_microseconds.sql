{% macro clock_microseconds(clock) %}
    {#- Microsecond of the day of a text like 16:30:00 or 24:00:00; NULL stays NULL. -#}
    cast(
        cast(substring({{ clock }}, 1, 2) as integer) * 3600000000
        + cast(substring({{ clock }}, 4, 2) as integer) * 60000000
        + cast(substring({{ clock }}, 7, 2) as integer) * 1000000
        as bigint
    )
{% endmacro %}
