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
        {% for side in sides %}
            {% for measure, expression in cause_measures() %}
                cast(
                    sum(
                        case
                            when side = '{{ side }}' then {{ measure }}_twelfths
                            else 0
                        end
                    ) as double
                ) / 12 as {{ measure }}_{{ side }},
            {% endfor %}
        {% endfor %}
        max(active_until_date) as active_until_date
    from usage
    group by
        incident_id,
        provider,
        model

),

scoped as (

    select
        {% for side in sides %}
            sum(operation_count_{{ side }}) over incident as scope_operations_{{ side }},
            sum(attempt_count_{{ side }}) over incident as scope_attempts_{{ side }},
            sum(priced_attempt_count_{{ side }}) over incident as scope_priced_{{ side }},
            sum(
                case when priced_attempt_count_{{ side }} = 0 then cost_usd_{{ side }} else 0 end
            ) over incident as scope_stray_usd_{{ side }},
        {% endfor %}
        *
    from summed
    window incident as (partition by incident_id)

),

told as (

    select
        {% for side in sides %}
            {{ told_factors(side) }},
        {% endfor %}
        *
    from scoped

),

final as (

    select
        incident_id,
        provider,
        model,
        {% for side in sides %}
            told_volume_{{ side }} as volume_{{ side }},
            {% for factor in cause_factors() %}
                coalesce(told_{{ factor }}_{{ side }}, told_{{ factor }}_{{ other_side[side] }}, 0)
                    as {{ factor }}_{{ side }},
            {% endfor %}
        {% endfor %}
        active_until_date
    from told

)

select * from final
