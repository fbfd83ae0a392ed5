{#
    The factors of one side of an incident's cost, for int_incident_models_compared: NULL where
    that side does not tell.
#}
{% macro told_factors(side) -%}
    {%- set uncached = 'input_tokens_' ~ side ~ ' - cache_read_tokens_' ~ side -%}
    {%- set has_input = uncached ~ ' > 0' -%}
    {%- set has_read = 'cache_read_tokens_' ~ side ~ ' > 0' -%}
    {%- set has_output = 'output_tokens_' ~ side ~ ' > 0' -%}
    {%- set has_attempts = 'priced_attempt_count_' ~ side ~ ' > 0' -%}
    {%- set input_cost -%}
        cost_usd_{{ side }} - cache_read_cost_usd_{{ side }}
                    - output_cost_usd_{{ side }} - other_cost_usd_{{ side }}
    {%- endset -%}
    ---------- the scope's
            case
                when scope_operations_{{ side }} > 0 then scope_operations_{{ side }}
                when scope_attempts_{{ side }} > 0 then scope_attempts_{{ side }}
                when scope_stray_usd_{{ side }} <> 0 then 1
                else 0
            end as told_volume_{{ side }},
            case
                when scope_attempts_{{ side }} > 0
                    then scope_attempts_{{ side }} / case
                        when scope_operations_{{ side }} > 0 then scope_operations_{{ side }}
                        else scope_attempts_{{ side }}
                    end
                when scope_stray_usd_{{ side }} <> 0
                    then 1 / greatest(scope_operations_{{ side }}, 1)
                when scope_operations_{{ side }} > 0 then 0
            end as told_attempts_{{ side }},
            case
                when scope_attempts_{{ side }} > 0
                    then scope_priced_{{ side }} / scope_attempts_{{ side }}
            end as told_known_{{ side }},
            case
                when scope_attempts_{{ side }} > 0
                    then scope_stray_usd_{{ side }} / scope_attempts_{{ side }}
                when scope_stray_usd_{{ side }} <> 0 then scope_stray_usd_{{ side }}
            end as told_stray_{{ side }},
            case
                when scope_priced_{{ side }} > 0
                    then priced_attempt_count_{{ side }} / scope_priced_{{ side }}
            end as told_mix_{{ side }},

            ---------- the model's
            case
                when {{ has_attempts }} then input_tokens_{{ side }} / priced_attempt_count_{{ side }}
            end as told_input_{{ side }},
            case
                when {{ has_attempts }} and input_tokens_{{ side }} > 0
                    then cache_read_tokens_{{ side }} / input_tokens_{{ side }}
            end as told_cache_{{ side }},
            case
                when {{ has_attempts }} then output_tokens_{{ side }} / priced_attempt_count_{{ side }}
            end as told_output_{{ side }},
            case
                when {{ has_attempts }} and {{ has_input }}
                    then ({{ input_cost }}) / ({{ uncached }})
            end as told_input_price_{{ side }},
            case
                when {{ has_attempts }} and {{ has_read }}
                    then cache_read_cost_usd_{{ side }} / cache_read_tokens_{{ side }}
            end as told_read_price_{{ side }},
            case
                when {{ has_attempts }} and {{ has_output }}
                    then output_cost_usd_{{ side }} / output_tokens_{{ side }}
            end as told_output_price_{{ side }},
            case
                when {{ has_attempts }}
                    then (
                        other_cost_usd_{{ side }}
                        + case when {{ has_input }} then 0 else {{ input_cost }} end
                        + case when {{ has_read }} then 0 else cache_read_cost_usd_{{ side }} end
                        + case when {{ has_output }} then 0 else output_cost_usd_{{ side }} end
                    ) / priced_attempt_count_{{ side }}
            end as told_other_{{ side }}
{%- endmacro %}
