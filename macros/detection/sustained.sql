{# Windows whose sustained cost a rule may look at, and the hours of the parts they are made of. #}
{% macro sustained_windows() -%}
    {{ return([(6, 3), (24, 6)]) }}
{%- endmacro %}

{#
    What a window would have cost had all its parts been like the cheapest: an hour or an evening of
    much traffic does not raise that of a day, a loop that runs for a day does.
#}
{% macro sustained(measure, hours, part_hours) -%}
    {{ hours // part_hours }} * least(
                {%- for later in range(0, hours, part_hours) %}
                coalesce(sum({{ measure }}) over part_{{ part_hours }}_{{ later }}, 0)
                {{- ',' if not loop.last }}
                {%- endfor %}
            )
{%- endmacro %}

{# Named frames `part_6_0`, `part_6_6` …: parts of windows, and how long ago they ended. #}
{% macro sustained_parts(partition) -%}
    {%- for hours, part_hours in sustained_windows() -%}
        {%- set last_window = loop.last -%}
        {%- for later in range(0, hours, part_hours) -%}
        part_{{ part_hours }}_{{ later }} as (
            partition by {{ partition }}
            order by hour_number
            range between {{ later + part_hours - 1 }} preceding and {{ later }} preceding
        ){{ ',\n        ' if not (loop.last and last_window) }}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}
