{#
    A metric's value from the sums of its window. Ratios are published as decimals so that the same
    sums always give the same value.
#}
{% macro observed_metric(metric) -%}
    cast(
            case {{ metric }}
                when 'cost_usd' then cast(cost_usd as double)
                when 'rest_cost_usd' then cast(rest_cost_usd as double)
                when 'call_count' then cast(call_count as double)
                when 'unit_cost_usd' then {{ share_of('cost_usd', 'operation_count') }}
                when 'unit_cost_index'
                    then {{ share_of('rest_week_cost_usd', 'rest_week_expected_cost_usd') }}
                when 'unit_cost_index_3w'
                    then {{ share_of('rest_weeks_cost_usd', 'rest_weeks_expected_cost_usd') }}
                when 'uncached_index'
                    then {{ share_of('uncached_input_tokens', 'expected_uncached_tokens') }}
                when 'cache_read_share'
                    then {{ share_of(
                        'cache_read_tokens',
                        '(cache_read_tokens + uncached_input_tokens + cache_write_tokens)',
                    ) }}
                when 'retry_share' then {{ share_of('retry_call_count', 'call_count') }}
                when 'fallback_share' then {{ share_of('fallback_call_count', 'call_count') }}
                when 'failed_share' then {{ share_of('failed_call_count', 'call_count') }}
                when 'failed_share_of_rising_tokens'
                    then case
                        when
                            (generation_tokens + embed_tokens) * 24
                            > (generation_tokens_24 + embed_tokens_24) * dense_sums.window_hours
                            then {{ share_of('failed_call_count', 'call_count') }}
                    end
                when 'tokens_per_success'
                    then {{ share_of('(generation_tokens + embed_tokens)', 'success_count') }}
                when 'tenants_cost_index'
                    then case when dense_sums.window_hours = 24 then tenants_cost_index end
                when 'embed_ratio' then {{ share_of('embed_tokens', 'generation_tokens') }}
            end as decimal(38, 12)
        )
{%- endmacro %}
