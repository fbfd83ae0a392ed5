{# Stand-ins for "always" and "for ever", so a period is one comparison on each side. #}
{% macro beginning_of_time() -%}
    cast('1970-01-01 00:00:00+00' as timestamptz)
{%- endmacro %}

{% macro end_of_time() -%}
    cast('9999-01-01 00:00:00+00' as timestamptz)
{%- endmacro %}
