{#
    The id of a billing account without the path some exports write before it:
    /providers/Microsoft.Billing/billingAccounts/1234 is 1234. NULL where the source names none.
#}
{% macro plain_account_id(account_id) -%}
    nullif(nullif(
        regexp_replace(
            {{ account_id }},
            '^.*/(billingAccounts|billingaccounts)/([^/]+).*$',
            {{ second_group() }}
        ),
        ''
    ), '(default)')
{%- endmacro %}

{% macro second_group() -%}
    {{ return(adapter.dispatch('second_group')()) }}
{%- endmacro %}

{% macro default__second_group() -%}
    '$2'
{%- endmacro %}

{% macro duckdb__second_group() -%}
    '\2'
{%- endmacro %}


{# A pattern's match rewritten; templates of seeds write groups as \1, which Spark calls $1. #}
{% macro rewritten(text, pattern, template) -%}
    {{ return(adapter.dispatch('rewritten')(text, pattern, template)) }}
{%- endmacro %}

{% macro default__rewritten(text, pattern, template) -%}
    regexp_replace({{ text }}, {{ pattern }}, replace({{ template }}, '\\', '$'))
{%- endmacro %}

{% macro duckdb__rewritten(text, pattern, template) -%}
    regexp_replace({{ text }}, {{ pattern }}, {{ template }})
{%- endmacro %}


{# Lower case, single spaces, no blanks around; NULL where there is no text. #}
{% macro plain_text(text) -%}
    nullif(trim({{ every_match_replaced("lower(" ~ text ~ ")", "[ \\t]+", " ") }}), '')
{%- endmacro %}

{% macro every_match_replaced(text, pattern, replacement) -%}
    {{ return(adapter.dispatch('every_match_replaced')(text, pattern, replacement)) }}
{%- endmacro %}

{% macro default__every_match_replaced(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}')
{%- endmacro %}

{% macro duckdb__every_match_replaced(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}


{# The day an instant lies in, in the zone a column names. #}
{% macro date_in_zone_of(instant, zone) -%}
    {{ return(adapter.dispatch('date_in_zone_of')(instant, zone)) }}
{%- endmacro %}

{% macro default__date_in_zone_of(instant, zone) -%}
    cast(from_utc_timestamp({{ instant }}, {{ zone }}) as date)
{%- endmacro %}

{% macro duckdb__date_in_zone_of(instant, zone) -%}
    cast(timezone({{ zone }}, {{ instant }}) as date)
{%- endmacro %}


{# What a line says of what was sold, verbatim; int_provider_skus_parsed reads each once. #}
{% macro sku_columns() -%}
    {{ return([
        'provider',
        'source',
        'line_kind',
        'charge_category',
        'service',
        'sku_id',
        'line_item',
        'model',
        'token_type',
        'service_tier',
        'context_window',
        'inference_geo',
        'speed',
        'is_batch',
        'meter',
        'unit',
        'pricing_unit',
    ]) }}
{%- endmacro %}

{# One text for the combination; NULL and the empty text are told apart. #}
{% macro sku_key(relation) -%}
    md5(concat_ws(
        '|'
        {%- for column in sku_columns() -%}
            , coalesce('=' || cast({{ relation }}.{{ column }} as varchar), '-')
        {%- endfor -%}
    ))
{%- endmacro %}


{# The name under which costs of our ledger and of the provider meet. #}
{% macro canonical_model(price_model, model) -%}
    coalesce(
        {{ price_model }},
        nullif({{ without_path("lower(" ~ model ~ ")") }}, ''),
        '(no model)'
    )
{%- endmacro %}
