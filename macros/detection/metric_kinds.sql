{# Whether a metric is dollars themselves: what it exceeds its usual value by is the excess. #}
{% macro is_dollar_metric(metric) -%}
    {{ metric }} in ('cost_usd', 'rest_cost_usd', 'sustained_cost_usd')
{%- endmacro %}

{# Whether a metric rises with traffic alone; of all others a rise is one of unit cost. #}
{% macro is_traffic_metric(metric) -%}
    ({{ is_dollar_metric(metric) }} or {{ metric }} in ('call_count', 'tenants_cost_index'))
{%- endmacro %}

{# Whether a baseline looks at whole days; the others know a quarter of the day and its weekday. #}
{% macro is_of_whole_days(baseline) -%}
    {{ baseline }} in ('daily_maxima', 'daily_quartiles')
{%- endmacro %}
