{#
    What an attempt after the first cost that neither served its operation nor succeeded; other
    attempts 0; unknown stays unknown. Over rows with `attempt_number` and `outcome`.
#}
{% macro retried_cost_usd(billed_cost, is_served) -%}
    case
        when attempt_number > 1 and outcome <> 'success' and not {{ is_served }}
            then {{ billed_cost }}
        when {{ billed_cost }} is not null then 0
    end
{%- endmacro %}
