/*
    Grain: opened_date, feature, change_kind, version.
    Mature cohorts by the version of what can be changed: a prompt or a routing policy.
*/
{% set measures = [
    'task_count',
    'success_count',
    'call_count',
    'retry_call_count',
    'billed_cost_usd',
    'success_cost_usd',
    'cost_squared',
    'call_count_squared',
    'retry_call_count_squared',
] %}

with

cohorts as (

    select * from {{ ref('int_cohorts_projected') }}
    where is_mature and task_count > 0

),

versions as (

    {% for kind in ['prompt_version', 'route_policy_version'] %}
        {{ 'union all' if not loop.first }}
        select
            opened_date,
            feature,
            '{{ kind }}' as change_kind,
            {{ kind }} as version,
            is_measured,
            {{ measures | join(',\n            ') }}
        from cohorts
        where {{ kind }} <> '(unattributed)'
    {% endfor %}

),

final as (

    select
        opened_date,
        feature,
        change_kind,
        version,
        {% for column in measures %}
            sum({{ column }}) as {{ column }},
        {% endfor %}
        max(case when is_measured then 1 else 0 end) = 1 as is_measured
    from versions
    group by
        opened_date,
        feature,
        change_kind,
        version

)

select * from final
