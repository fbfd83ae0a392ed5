{# Condition: a dated row of a seed holds on a day; empty ends are open, `valid_to` is not in it. #}
{% macro is_valid_on(rules, day) -%}
    ({{ rules }}.valid_from is null or {{ day }} >= {{ rules }}.valid_from)
            and ({{ rules }}.valid_to is null or {{ day }} < {{ rules }}.valid_to)
{%- endmacro %}
