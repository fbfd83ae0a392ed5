{#
    A statistic as money, never less than what is already spent. A figure that no column of money
    can hold stops at the largest one that it can.
#}
{% macro dollars(statistic, spent) -%}
    greatest(cast(least({{ statistic }}, 9e25) as decimal(38, 12)), {{ spent }})
{%- endmacro %}
