{#
    The measures of a daily roll-up over fct_costs_hourly: counts, tokens, money, and the trust
    columns that say how much of the money is unpriced, unattributed, estimated or not ours.
    Shares are DOUBLE, between 0 and 1, NULL over nothing; they are never multiplied into money.
#}
{% macro summed_costs() -%}
        ---------- counts
        {% for count in [
            'call_count',
            'operation_count',
            'failed_call_count',
            'retry_call_count',
            'fallback_call_count',
            'unpriced_call_count',
            'estimated_call_count',
        ] %}
            cast(sum({{ count }}) as bigint) as {{ count }},
        {% endfor %}

        ---------- tokens and other meters
        {% for meter in usage_columns() %}
            cast(sum({{ meter }}) as bigint) as {{ meter }},
        {% endfor %}
        cast(sum(audio_seconds) as decimal(38, 6)) as audio_seconds,

        ---------- money
        {% for cost in [
            'billed_cost_usd',
            'chargeable_cost_usd',
            'source_cost_usd',
            'cache_savings_usd',
        ] %}
            cast(sum({{ cost }}) as decimal(38, 12)) as {{ cost }},
        {% endfor %}

        ---------- trust
        {% for status in ['contract', 'list', 'provider_reported'] %}
            cast(
                sum({{ billed_where("pricing_status = '" ~ status ~ "'") }}) as decimal(38, 12)
            ) as {{ status }}_cost_usd,
        {% endfor %}
        cast(sum({{ billed_where(is_unattributed()) }}) as decimal(38, 12))
            as unattributed_cost_usd,
        {{ share_of('sum(unpriced_call_count)', 'sum(call_count)') }} as unpriced_call_share,
        {{ share_of('sum(estimated_call_count)', 'sum(call_count)') }} as estimated_call_share,
        {{ share_of('sum(' ~ billed_where(is_unattributed()) ~ ')', 'sum(billed_cost_usd)') }}
            as unattributed_cost_share
{%- endmacro %}

{# The billed cost where a condition holds, 0 where it does not; unknown stays unknown. #}
{% macro billed_where(condition) -%}
    case
        when billed_cost_usd is null then null
        when {{ condition }} then billed_cost_usd
        else 0
    end
{%- endmacro %}

{# Nobody named the tenant, or nobody named the feature. #}
{% macro is_unattributed() -%}
    'none' in (tenant_attribution_source, feature_attribution_source)
{%- endmacro %}
