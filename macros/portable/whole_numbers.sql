{#
    Whole numbers of 38 digits, and their division rounded down (for numbers that are not negative).
    Money in whole picodollars is shared out with them, so that nothing is rounded twice.
#}
{% macro whole_number_type() -%}
    {{ return(adapter.dispatch('whole_number_type')()) }}
{%- endmacro %}

{% macro default__whole_number_type() -%}
    decimal(38, 0)
{%- endmacro %}

{% macro duckdb__whole_number_type() -%}
    hugeint
{%- endmacro %}

{% macro whole_division(dividend, divisor) -%}
    {{ return(adapter.dispatch('whole_division')(dividend, divisor)) }}
{%- endmacro %}

{# The difference is a multiple of the divisor, so its division is exact. #}
{% macro default__whole_division(dividend, divisor) -%}
    cast((({{ dividend }}) - ({{ dividend }}) % ({{ divisor }})) / ({{ divisor }}) as decimal(38, 0))
{%- endmacro %}

{% macro duckdb__whole_division(dividend, divisor) -%}
    ({{ dividend }}) // ({{ divisor }})
{%- endmacro %}
