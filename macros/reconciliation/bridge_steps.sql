{# The steps of the bridge from our own cost to the invoice, in order. #}
{% macro bridge_steps() -%}
    {{ return([
        {'step': 10, 'component': 'metered_cost'},
        {'step': 20, 'component': 'timing'},
        {'step': 31, 'component': 'quantity_variance'},
        {'step': 32, 'component': 'untracked_keys'},
        {'step': 41, 'component': 'rate_card_vs_contract'},
        {'step': 42, 'component': 'discount_or_overcharge'},
        {'step': 50, 'component': 'export_vs_invoice'},
        {'step': 60, 'component': 'unexplained'},
        {'step': 71, 'component': 'credits'},
        {'step': 72, 'component': 'commitment_true_up'},
        {'step': 73, 'component': 'fees_and_adjustments'},
        {'step': 74, 'component': 'tax'},
        {'step': 80, 'component': 'total_rounding'},
        {'step': 90, 'component': 'invoice_total'},
    ]) }}
{%- endmacro %}

{# The number of a component's step. #}
{% macro bridge_step(component) -%}
    case {{ component }}
        {%- for item in bridge_steps() %}
        when '{{ item.component }}' then {{ item.step }}
        {%- endfor %}
    end
{%- endmacro %}

{# The component of a step's number. #}
{% macro bridge_component(step) -%}
    case {{ step }}
        {%- for item in bridge_steps() %}
        when {{ item.step }} then '{{ item.component }}'
        {%- endfor %}
    end
{%- endmacro %}

{# Where an exported charge that is no usage stands in the bridge. #}
{% macro component_of_category(charge_category) -%}
    case {{ charge_category }}
        when 'credit' then 'credits'
        when 'commitment' then 'commitment_true_up'
        when 'tax' then 'tax'
        when 'rounding' then 'total_rounding'
        else 'fees_and_adjustments'
    end
{%- endmacro %}

{# And what it is called there. #}
{% macro cause_of_category(charge_category) -%}
    case {{ charge_category }}
        when 'commitment' then 'commitment_true_up'
        when 'rounding' then 'total_rounding'
        when 'purchase' then 'fee'
        when 'refund' then 'adjustment'
        else {{ charge_category }}
    end
{%- endmacro %}
