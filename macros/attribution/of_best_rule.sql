{# What the best of the matching rules that name a field says in another (or the same) column. #}
{% macro of_best_rule(wanted, named) -%}
    min_by(matches.{{ wanted }}, matches.rule_rank) filter (where matches.{{ named }} is not null)
{%- endmacro %}
