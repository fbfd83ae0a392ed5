{# What one budget's period is known by in alerts; the same in every rebuild. #}
{% macro budget_incident_id(budgets, period=none) -%}
    md5(
            concat(
                'budget|', {{ budgets }}.budget_id, '|',
                {% if period == 'hour' -%}
                    'hour|', cast({{ budgets }}.cost_date as varchar), '|',
                {%- else -%}
                    {{ budgets }}.period, '|', cast({{ budgets }}.period_start_date as varchar), '|',
                {%- endif %}
                cast(cast({{ budgets }}.budget_usd as decimal(38, 12)) as varchar)
            )
        )
{%- endmacro %}
