/*
    Grain: incident_id, provider, model.

    The factors of the cost model, in an incident's hours (`_after`) and in those they are compared
    with (`_before`):

        operations x attempts per operation
        x ( share with a known price
            x sum over models ( share of attempts
                x ( input tokens x ((1 - cache share) x input price + cache share x read price)
                    + output tokens x output price + other charges ) )
          + charges without an attempt )

    The product of the factors of either side is its cost. Unit values that one side does not have
    (a model it did not use, a cache it did not read) are the other side's, so that a model's
    coming is mix and nothing else. Cache writes are input; what they cost more is in its price.
*/
{% set sides = ['before', 'after'] %}
{% set other_side = {'before': 'after', 'after': 'before'} %}

with

usage as (

    select * from {{ ref('int_incident_usage_summed') }}
    where
        {{ since_restated('active_until_date') }}
        and side in ('before', 'after')

),

summed as (

    select
        incident_id,
        provider,
        model,
        max(active_until_date) as active_until_date,
        {% for side in sides %}
            {% for measure, expression in cause_measures() %}
                cast(
                    sum(
                        case
                            when side = '{{ side }}' then {{ measure }}_twelfths
                            else 0
                        end
                    ) as double
                ) / 12 as {{ measure }}_{{ side }}{{ ',' if not loop.last }}
            {% endfor %}
            {{- ',' if not loop.last }}
        {% endfor %}
    from usage
    group by
        incident_id,
        provider,
        model

),

scoped as (

    select
        *,
        {% for side in sides %}
            sum(operation_count_{{ side }}) over incident as scope_operations_{{ side }},
            sum(attempt_count_{{ side }}) over incident as scope_attempts_{{ side }},
            sum(priced_attempt_count_{{ side }}) over incident as scope_priced_{{ side }},
            sum(
                case when priced_attempt_count_{{ side }} = 0 then cost_usd_{{ side }} else 0 end
            ) over incident as scope_stray_usd_{{ side }}{{ ',' if not loop.last }}
        {% endfor %}
    from summed
    window incident as (partition by incident_id)

),

told as (

    select
        *,
        {% for side in sides %}
            {% set uncached = 'input_tokens_' ~ side ~ ' - cache_read_tokens_' ~ side %}
            {% set has_input = uncached ~ ' > 0' %}
            {% set has_read = 'cache_read_tokens_' ~ side ~ ' > 0' %}
            {% set has_output = 'output_tokens_' ~ side ~ ' > 0' %}
            {% set has_attempts = 'priced_attempt_count_' ~ side ~ ' > 0' %}
            {% set input_cost %}
                cost_usd_{{ side }} - cache_read_cost_usd_{{ side }}
                    - output_cost_usd_{{ side }} - other_cost_usd_{{ side }}
            {% endset %}

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
            end as told_other_{{ side }}{{ ',' if not loop.last }}
        {% endfor %}
    from scoped

),

final as (

    select
        incident_id,
        provider,
        model,
        active_until_date,
        {% for side in sides %}
            told_volume_{{ side }} as volume_{{ side }},
            {% for factor in cause_factors() %}
                coalesce(told_{{ factor }}_{{ side }}, told_{{ factor }}_{{ other_side[side] }}, 0)
                    as {{ factor }}_{{ side }}{{ ',' if not loop.last }}
            {% endfor %}
            {{- ',' if not loop.last }}
        {% endfor %}
    from told

)

select * from final
