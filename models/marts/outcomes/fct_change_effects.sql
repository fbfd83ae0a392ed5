/*
    Grain: feature, change_kind, to_version.

    What a prompt or a routing policy changed: 14 days of mature cohorts on each side, compared by
    cost per task, share of successes, cost per success, calls and retries per task. Changes of
    means are ratios less 1, from the logarithm of the ratio; the share of successes and retries,
    which may be none, change by a difference. The verdict believes p < 0.05. Who the tasks came
    from may have changed too: this compares, it does not prove a cause.
*/
{% set ratios = ['cost_per_task', 'cost_per_success', 'calls_per_task'] %}
{% set levels = ['success_share', 'retries_per_task'] %}
{% set tests = ratios + levels %}

with

changes as (

    select * from {{ ref('int_version_changes') }}

),

-- One side's means, and the variance of their logarithms (of the share itself), by the counts.
sides as (

    select
        *,
        {% for side in ['before', 'after'] %}
            {% set n = 'cast(' ~ side ~ '_task_count as double)' %}
            {% set cost = 'cast(' ~ side ~ '_billed_cost_usd as double)' %}
            {% set successes = 'cast(' ~ side ~ '_success_count as double)' %}
            {{ n }} as {{ side }}_n,
            {{ cost }} / {{ n }} as {{ side }}_cost_per_task,
            {{ cost }} / nullif({{ successes }}, 0) as {{ side }}_cost_per_success,
            {{ side }}_call_count / {{ n }} as {{ side }}_calls_per_task,
            {{ side }}_retry_call_count / {{ n }} as {{ side }}_retries_per_task,
            case when is_measured then {{ successes }} / {{ n }} end as {{ side }}_success_share,
            {{ log_mean_variance(n, cost, side ~ '_cost_squared') }}
                as {{ side }}_cost_per_task_variance,
            {{ log_mean_variance(n, side ~ '_call_count', side ~ '_call_count_squared') }}
                as {{ side }}_calls_per_task_variance,
            {{ mean_variance(
                n, side ~ '_retry_call_count', side ~ '_retry_call_count_squared'
            ) }} as {{ side }}_retries_per_task_variance,
            greatest(
                {{ log_mean_variance(n, cost, side ~ '_cost_squared') }}
                + {{ log_mean_variance(n, successes, successes) }}
                - 2 * {{ log_mean_covariance(
                    n, cost, successes, side ~ '_success_cost_usd'
                ) }},
                0
            ) as {{ side }}_cost_per_success_variance,
            ({{ successes }} + 1) / ({{ n }} + 2) * (1 - ({{ successes }} + 1) / ({{ n }} + 2))
            / ({{ n }} + 2) as {{ side }}_success_share_variance,
        {% endfor %}
        least(before_task_count, after_task_count) - 1 as freedom
    from changes

),

-- The difference that is tested and its standard error.
differences as (

    select
        *,
        {{ t_quantile_975('cast(freedom as double)') }} as t_quantile,
        {% for ratio in ratios %}
            ln(nullif(after_{{ ratio }}, 0)) - ln(nullif(before_{{ ratio }}, 0))
                as {{ ratio }}_difference,
        {% endfor %}
        {% for level in levels %}
            after_{{ level }} - before_{{ level }} as {{ level }}_difference,
        {% endfor %}
        {% for test in tests %}
            sqrt(before_{{ test }}_variance + after_{{ test }}_variance) as {{ test }}_error,
        {% endfor %}
        before_task_count >= {{ var('interval_min_tasks') }}
        and after_task_count >= {{ var('interval_min_tasks') }} as has_tasks,
        before_success_count >= {{ var('interval_min_successes') }}
        and after_success_count >= {{ var('interval_min_successes') }} as has_successes
    from sides

),

tested as (

    select
        *,
        {% for test in tests %}
            case
                when has_tasks {{ 'and has_successes' if test == 'cost_per_success' }}
                    then {{ two_sided_p(test ~ '_difference', test ~ '_error', 'freedom') }}
            end as {{ test }}_p_value,
        {% endfor %}
        after_cost_per_task / nullif(after_calls_per_task, 0)
        < before_cost_per_task / nullif(before_calls_per_task, 0) as has_cheaper_calls
    from differences

),

signs as (

    select
        *,
        {% for test in tests %}
            case
                when {{ test }}_p_value < 0.05 then sign({{ test }}_difference)
                else 0
            end as {{ test }}_sign,
        {% endfor %}
        greatest(
            case when calls_per_task_p_value < 0.05 then calls_per_task_difference else 0 end,
            case when retries_per_task_p_value < 0.05 then retries_per_task_difference else 0 end
        ) > 0 as has_more_rework
    from tested

),

final as (

    select
        feature,
        change_kind,
        from_version,
        to_version,
        changed_date,
        cast(before_task_count as bigint) as before_task_count,
        cast(after_task_count as bigint) as after_task_count,
        cast(before_success_count as bigint) as before_success_count,
        cast(after_success_count as bigint) as after_success_count,
        cast(before_billed_cost_usd as decimal(38, 12)) as before_billed_cost_usd,
        cast(after_billed_cost_usd as decimal(38, 12)) as after_billed_cost_usd,
        {% for side in ['before', 'after'] %}
            cast({{ side }}_cost_per_task as decimal(38, 12)) as {{ side }}_cost_per_task_usd,
            cast({{ side }}_cost_per_success as decimal(38, 12))
                as {{ side }}_cost_per_success_usd,
            {{ side }}_success_share,
            {{ side }}_calls_per_task,
            {{ share_of(side ~ '_retry_call_count', side ~ '_call_count') }}
                as {{ side }}_retry_call_share,
        {% endfor %}
        {% for ratio in ratios %}
            exp({{ ratio }}_difference) - 1 as {{ ratio }}_change,
            case
                when {{ ratio }}_p_value is not null
                    then exp({{ ratio }}_difference - t_quantile * {{ ratio }}_error) - 1
            end as {{ ratio }}_change_low,
            case
                when {{ ratio }}_p_value is not null
                    then exp({{ ratio }}_difference + t_quantile * {{ ratio }}_error) - 1
            end as {{ ratio }}_change_high,
            {{ ratio }}_p_value,
        {% endfor %}
        {% for level in levels %}
            {{ level }}_difference as {{ level }}_change,
            case
                when {{ level }}_p_value is not null
                    then {{ level }}_difference - t_quantile * {{ level }}_error
            end as {{ level }}_change_low,
            case
                when {{ level }}_p_value is not null
                    then {{ level }}_difference + t_quantile * {{ level }}_error
            end as {{ level }}_change_high,
            {{ level }}_p_value,
        {% endfor %}
        case
            when not has_tasks then 'too_few_tasks'
            when not is_measured then 'unmeasured'
            when cost_per_task_sign < 0 and success_share_sign < 0 then 'cheaper_less_success'
            when success_share_sign < 0 and cost_per_task_sign = 0 then 'less_success'
            when has_more_rework and has_cheaper_calls and cost_per_task_sign > 0
                then 'dearer_more_rework'
            when has_more_rework and has_cheaper_calls then 'cheaper_more_rework'
            when cost_per_task_sign < 0 then 'cheaper_same_success'
            when cost_per_task_sign > 0 and success_share_sign > 0 then 'dearer_better'
            when cost_per_task_sign > 0 then 'dearer'
            when has_more_rework then 'more_rework'
            when success_share_sign > 0 then 'more_success'
            else 'no_significant_change'
        end as verdict
    from signs

)

select * from final
