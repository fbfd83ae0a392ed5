{# Numbers as people read them: 12,345 and 12,345.67. #}
{% macro number_text(number, decimals=0) -%}
    {{ return(adapter.dispatch('number_text')(number, decimals)) }}
{%- endmacro %}

{% macro default__number_text(number, decimals) -%}
    format_number({{ number }}, {{ decimals }})
{%- endmacro %}

{% macro duckdb__number_text(number, decimals) -%}
    format('{:,.{{ decimals }}f}', cast({{ number }} as double))
{%- endmacro %}

{# Dollars of a message, cents below a thousand: 41.20 USD reads $41.20, 12345 reads $12,345. #}
{% macro dollars_text(amount) -%}
    concat(
            '$',
            case
                when abs({{ amount }}) < 1000 then {{ number_text('abs(' ~ amount ~ ')', 2) }}
                else {{ number_text('abs(' ~ amount ~ ')') }}
            end
        )
{%- endmacro %}

{% macro percent_text(share) -%}
    concat({{ number_text('100 * ' ~ share) }}, ' %')
{%- endmacro %}

{# An instant of a message: 2026-10-05 10:40 UTC. #}
{% macro instant_text(instant) -%}
    concat(substr(cast({{ instant }} as varchar), 1, 16), ' UTC')
{%- endmacro %}
