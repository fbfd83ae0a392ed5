{# Whole seconds from one instant to a later one; 0 where it is not later. #}
{% macro seconds_between(first, second) -%}
    cast(
        floor(
            greatest({{ epoch_microseconds(second) }} - {{ epoch_microseconds(first) }}, 0)
            / 1000000
        ) as bigint
    )
{%- endmacro %}
