{# What so many days from the next on are expected to cost: whole weeks, and a part of one. #}
{% macro spend_of_next_days(day_count) -%}
    floor({{ day_count }} / 7) * ({{ spend_of_next_week() }})
        {%- for offset in range(1, 7) %}
            + case when mod({{ day_count }}, 7) >= {{ offset }} then expected_{{ offset }} else 0 end
        {%- endfor %}
{%- endmacro %}

{# The same days of the week before: the last day was like the seventh of the next. #}
{% macro usual_of_last_days(day_count) -%}
    floor({{ day_count }} / 7) * ({{ spend_of_next_week() }})
        {%- for offset in range(1, 7) %}
            + case
                when mod({{ day_count }}, 7) >= {{ offset }} then expected_{{ 8 - offset }} else 0
            end
        {%- endfor %}
{%- endmacro %}

{% macro spend_of_next_week() -%}
    {% for offset in range(1, 8) %}expected_{{ offset }}{{ ' + ' if not loop.last }}{% endfor %}
{%- endmacro %}
