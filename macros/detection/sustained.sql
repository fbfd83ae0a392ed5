{#
    What a day would have cost had all its quarters been like the cheapest of the last four: an hour
    or an evening of much traffic does not raise it, a loop that runs for a day does.
#}
{% macro sustained(measure) -%}
    4 * least(
            {%- for quarter in range(4) %}
            coalesce(sum({{ measure }}) over quarter_{{ quarter }}, 0){{ ',' if not loop.last }}
            {%- endfor %}
        )
{%- endmacro %}

{# Named frames `quarter_0` … `quarter_3`: six hours each, the current hour last in the first. #}
{% macro quarters_of_a_day(partition) -%}
    {%- for quarter in range(4) -%}
        quarter_{{ quarter }} as (
            partition by {{ partition }}
            order by hour_number
            range between {{ 6 * quarter + 5 }} preceding and {{ 6 * quarter }} preceding
        ){{ ',\n        ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
