{# In words, what a run of int_workflow_runs_judged exceeds; NULL where nothing. #}
{% macro limits_exceeded(runs) -%}
    nullif(
            concat_ws(
                ', ',
                case when {{ runs }}.is_too_dear then 'cost' end,
                case when {{ runs }}.has_too_many_steps then 'steps' end,
                case when {{ runs }}.is_too_long then 'minutes' end,
                case when {{ runs }}.has_untypical_steps then 'typical steps' end
            ),
            ''
        )
{%- endmacro %}
