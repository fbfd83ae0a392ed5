{# Money of a whole month for `contract_days` of its `month_days`; what is below 1e-12 is left. #}
{% macro part_of_month(monthly_usd) -%}
    {{ from_picodollars(whole_division(
        whole_picodollars(monthly_usd) ~ ' * contract_days', 'month_days'
    )) }}
{%- endmacro %}

{# What usage beyond the included costs the tenant; no rate, or everything included, is nothing. #}
{% macro overage_usd(usage) -%}
    case
        when overage_rate is null or included_usd is null then cast(0 as decimal(38, 12))
        when {{ usage }} > included_usd
            then {{ share_of_money('(' ~ usage ~ ') - included_usd', 'overage_rate') }}
        else cast(0 as decimal(38, 12))
    end
{%- endmacro %}
