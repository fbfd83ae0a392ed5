{# Hours of a number of seconds, the one begun counted: 1 second is 1 hour, 0 is 0. #}
{% macro begun_hours(seconds) -%}
    cast(ceil({{ seconds }} / 3600.0) as bigint)
{%- endmacro %}

{# Hours of a number of seconds that are over: 3599 seconds are 0 hours. #}
{% macro whole_hours(seconds) -%}
    cast(floor({{ seconds }} / 3600.0) as bigint)
{%- endmacro %}
