{# A figure of the seed review_rules, from all its rows. #}
{% macro review_rule(name) -%}
    max(case when rule_name = '{{ name }}' then rule_value end)
{%- endmacro %}
