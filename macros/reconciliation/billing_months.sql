{# The month of a day, as provider exports and invoices write it: YYYY-MM. #}
{% macro billing_month_of(day) -%}
    left(cast({{ day }} as varchar), 7)
{%- endmacro %}

{# The first day of a month written YYYY-MM. #}
{% macro first_day_of(billing_month) -%}
    cast({{ billing_month }} || '-01' as date)
{%- endmacro %}

{# Money of a quantity at a unit price: multiplied once, 12 decimals. Unknown stays unknown. #}
{% macro usd_at(quantity, unit_price) -%}
    cast(
        cast({{ quantity }} as decimal(24, 6)) * cast({{ unit_price }} as decimal(20, 15))
        as decimal(38, 12)
    )
{%- endmacro %}

{# Money at an exchange rate; `unknown` where nobody wrote down a rate. #}
{% macro in_currency(amount, rate, unknown='0') -%}
    cast(
        cast({{ amount }} as decimal(24, 12))
        * cast(coalesce({{ rate }}, {{ unknown }}) as decimal(14, 8))
        as decimal(38, 12)
    )
{%- endmacro %}

{# The month after a month written YYYY-MM. #}
{% macro month_after(billing_month) -%}
    left(cast(cast({{ first_day_of(billing_month) }} + interval 32 day as date) as varchar), 7)
{%- endmacro %}

{# Join condition: the rate that held at the end of a month. #}
{% macro rate_of_month(rates, billing_month) -%}
    {{ first_day_of(month_after(billing_month)) }} > {{ rates }}.valid_from
            and (
                {{ rates }}.valid_until is null
                or {{ first_day_of(month_after(billing_month)) }} <= {{ rates }}.valid_until
            )
{%- endmacro %}

{# A share of an amount, for ranges. #}
{% macro share_of_money(amount, share) -%}
    cast(
        cast({{ amount }} as decimal(24, 12)) * cast({{ share }} as decimal(14, 6))
        as decimal(38, 12)
    )
{%- endmacro %}

{# The last day of a month written YYYY-MM. #}
{% macro last_day_of(billing_month) -%}
    cast({{ first_day_of(month_after(billing_month)) }} - interval 1 day as date)
{%- endmacro %}
