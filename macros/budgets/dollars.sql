{#
    A statistic as money, never less than what is already spent; what is spent where it is NULL. A
    figure that no column of money can hold stops at the largest one that it can.
#}
{% macro dollars(statistic, spent) -%}
    greatest(
            case
                when {{ statistic }} < 9e25 then cast({{ statistic }} as decimal(38, 12))
                when {{ statistic }} is not null then cast(9e25 as decimal(38, 12))
            end,
            {{ spent }}
        )
{%- endmacro %}
