{# What the attempt that served the operation cost; other attempts 0; unknown stays unknown. #}
{% macro chargeable_cost_usd(billed_cost, is_served) -%}
    case
        when {{ is_served }} then {{ billed_cost }}
        when {{ billed_cost }} is not null then 0
    end
{%- endmacro %}
