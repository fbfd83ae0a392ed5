{#
    The part of a call's billed cost that is one kind of charge: `read` (from the cache), `output`,
    or `other` (requests, tools, images, audio); the rest is input. Over rows of int_calls_priced.

    Of what the provider reported itself, the share that our price would give that kind; without a
    price its share of the tokens, and all of it is `other` where there are no tokens.
#}
{% macro cost_part_usd(kind) -%}
    case
        when billed_cost_usd is null then null
        when pricing_status = 'not_billable' then 0
        when pricing_status <> 'provider_reported' then {{ charge_of_kind(kind) }}
        when computed_cost_usd > 0
            then cast(
                cast(billed_cost_usd as double)
                * cast({{ charge_of_kind(kind) }} as double) / cast(computed_cost_usd as double)
                as decimal(38, 12)
            )
        {% if kind == 'other' %}
            when {{ text_tokens() }} > 0 then 0
            else billed_cost_usd
        {% else %}
            when {{ text_tokens() }} > 0
                then cast(
                    cast(billed_cost_usd as double)
                    * cast(coalesce({{ kind_tokens(kind) }}, 0) as double) / {{ text_tokens() }}
                    as decimal(38, 12)
                )
            else 0
        {% endif %}
    end
{%- endmacro %}

{% macro kind_tokens(kind) -%}
    {{ return({'read': 'cache_read_tokens', 'output': 'output_tokens'}[kind]) }}
{%- endmacro %}

{% macro text_tokens() -%}
    (
                coalesce(uncached_input_tokens, 0) + coalesce(cache_read_tokens, 0)
                + coalesce(cache_write_5m_tokens, 0) + coalesce(cache_write_1h_tokens, 0)
                + coalesce(output_tokens, 0)
            )
{%- endmacro %}

{# Nearly every call has no meter but text tokens: only its request fee is looked at. #}
{% macro charge_of_kind(kind) -%}
    {%- if kind == 'read' -%}
        charge_cache_read_usd
    {%- elif kind == 'output' -%}
        charge_output_usd
    {%- else -%}
        case
                when
                    coalesce(
                        {%- for meter in other_meters() %}
                        nullif({{ meter.quantity | replace('calls.', '') }}, 0)
                        {{- ',' if not loop.last }}
                        {%- endfor %}
                    ) is null
                    then charge_request_usd
                else
                    charge_request_usd
                    {%- for meter in other_meters() %}
                    + charge_{{ meter.name }}_usd
                    {%- endfor %}
            end
    {%- endif -%}
{%- endmacro %}

{% macro other_meters() -%}
    {%- set text = ['input', 'cache_read', 'cache_write_5m', 'cache_write_1h', 'output'] -%}
    {{ return(price_meters() | rejectattr('name', 'in', text + ['request']) | list) }}
{%- endmacro %}
