{# Days before a run's own whose runs say how many steps are typical. #}
{% macro history_days() -%}
    {{ return(28) }}
{%- endmacro %}

{#
    When a call was over: its start and its latency where said. A call said to take longer than a
    day, or less than nothing, is taken at its start.
#}
{% macro call_end(started_at, latency_ms) -%}
    case
            when {{ latency_ms }} between 0 and 86400000
                then {{ started_at }} + {{ latency_ms }} * interval 1 millisecond
            else {{ started_at }}
        end
{%- endmacro %}
