{# The call's own column behind a common meter; its audio part is NULL in a plain call. #}
{% macro usage_column(meter) -%}
    {{ return({
        'input': 'uncached_input_tokens',
        'cache_read': 'cache_read_tokens',
        'cache_write_5m': 'cache_write_5m_tokens',
        'cache_write_1h': 'cache_write_1h_tokens',
        'output': 'output_tokens',
    }[meter.name]) }}
{%- endmacro %}

{# What a call uses of the rare meters; NULL for nearly every call. #}
{% macro rare_usage(relation) -%}
    coalesce(
                nullif({{ relation }}.input_audio_tokens, 0),
                nullif({{ relation }}.cache_read_audio_tokens, 0),
                nullif({{ relation }}.output_audio_tokens, 0),
                nullif({{ relation }}.web_search_requests, 0),
                nullif({{ relation }}.code_execution_sessions, 0),
                nullif({{ relation }}.image_count, 0),
                nullif({{ relation }}.search_units, 0),
                nullif({{ relation }}.audio_seconds, 0)
            )
{%- endmacro %}

{# Neither answered from our own cache nor refused by the provider. #}
{% macro is_billed_call(relation) -%}
    not coalesce({{ relation }}.is_cache_hit, false)
            and ({{ relation }}.provider_cost_usd is not null or not {{ relation }}.is_refused)
{%- endmacro %}

{# What a plain sum of calls is charged for a meter: the sum of what its calls are charged. #}
{% macro plain_charge_of(meter) -%}
    cast(plain_sums.{{ meter.name }}_quantity as decimal(20, 0))
        * prices.{{ unit_price_column(meter) }}
{%- endmacro %}
