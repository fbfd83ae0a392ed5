{# Neither answered from our own cache nor refused by the provider. #}
{% macro is_billed_call(relation) -%}
    not coalesce({{ relation }}.is_cache_hit, false)
            and ({{ relation }}.provider_cost_usd is not null or not {{ relation }}.is_refused)
{%- endmacro %}

{# The call says nothing of any rare meter; one that says 0 may be looked at in full. #}
{% macro uses_common_meters_only(relation) -%}
    coalesce(
                {{ relation }}.input_audio_tokens,
                {{ relation }}.cache_read_audio_tokens,
                {{ relation }}.output_audio_tokens,
                {{ relation }}.web_search_requests,
                {{ relation }}.code_execution_sessions,
                {{ relation }}.image_count,
                {{ relation }}.search_units
            ) is null
            and {{ relation }}.audio_seconds is null
{%- endmacro %}

{#
    What summed calls are charged for a meter: at a unit price of whole picodollars, the sum of
    what each of them is charged. 0 where none used it, NULL where it has no price.
#}
{% macro summed_charge_of(meter) -%}
    case
            when sums.{{ meter.name }}_quantity > 0
                then cast(sums.{{ meter.name }}_quantity as decimal(20, 0))
                    * prices.{{ unit_price_column(meter) }}
            else 0
        end
{%- endmacro %}
