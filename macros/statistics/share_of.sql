{# Part of a whole, 0 to 1, as DOUBLE; NULL when the whole is 0. A share is never money again. #}
{% macro share_of(part, whole) -%}
    cast({{ part }} as double) / nullif(cast({{ whole }} as double), 0)
{%- endmacro %}
