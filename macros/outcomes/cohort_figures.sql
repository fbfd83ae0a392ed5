{# The sums of int_cohorts_projected put together by any of its dimensions. #}
{% macro cohort_sums() -%}
        {% for column in [
            'task_count',
            'success_count',
            'failure_count',
            'open_count',
            'tasks_without_calls_count',
            'successes_without_calls_count',
        ] + task_count_columns() + task_token_columns() %}
            cast(sum({{ column }}) as bigint) as {{ column }},
        {% endfor %}
        {% for column in task_cost_columns() %}
            cast(
                case when sum(call_count) = 0 then 0 else sum({{ column }}) end as decimal(38, 12)
            ) as {{ column }},
        {% endfor %}
        cast(sum(success_cost_usd) as decimal(38, 12)) as success_cost_usd,
        cast(sum(unsuccessful_cost_usd) as decimal(38, 12)) as unsuccessful_cost_usd,
        cast(sum(cost_squared) as decimal(38, 18)) as cost_squared,
        cast(sum(elapsed_seconds) as bigint) as elapsed_seconds,
        cast(sum(window_seconds) as bigint) as window_seconds,
        cast(
            case when count(arrived_task_count) = count(*) then sum(arrived_task_count) end
            as decimal(38, 6)
        ) as arrived_task_count,
        min(case when is_mature then 1 else 0 end) = 1 as is_mature,
        max(case when is_measured then 1 else 0 end) = 1 as is_measured
{%- endmacro %}

{#
    The published columns of a cohort, from `cohort_sums` that went through
    `unit_cost_intervals`. Ratios are of sums; NULL over nothing, never 0.
#}
{% macro cohort_figures() -%}
        ---------- tasks
        task_count,
        success_count,
        failure_count,
        case when is_measured then task_count - success_count - failure_count - open_count else 0 end
            as expired_count,
        case when is_measured then open_count else 0 end as pending_count,
        case when is_measured then 0 else task_count - success_count - failure_count end
            as unmeasured_count,
        tasks_without_calls_count,
        successes_without_calls_count,

        ---------- calls and tokens
        {% for column in task_count_columns() + task_token_columns() %}
            {{ column }},
        {% endfor %}
        cast({{ total_tokens() }} as bigint) as total_tokens,

        ---------- money
        {% for column in task_cost_columns() %}
            {{ column }},
        {% endfor %}
        cast(case when is_measured then unsuccessful_cost_usd end as decimal(38, 12))
            as waste_cost_usd,

        ---------- what a success cost
        {{ unit_cost_usd('billed_cost_usd', 'success_count') }} as cost_per_success_usd,
        {{ unit_cost_usd('billed_cost_usd', 'success_count + successes_without_calls_count') }}
            as cost_per_success_all_usd,
        case when is_mature then {{ unit_cost_usd('billed_cost_usd', 'success_count') }} end
            as cost_per_success_mature_usd,
        {{ projected_successes() }} as projected_success_count,
        {{ unit_cost_usd('billed_cost_usd', projected_successes()) }}
            as projected_cost_per_success_usd,
        case when is_mature then cost_per_success_low_usd end as cost_per_success_low_usd,
        case when is_mature then cost_per_success_high_usd end as cost_per_success_high_usd,
        not coalesce(is_mature and {{ has_interval() }}, false) as is_suppressed,

        ---------- shares
        {{ share_of(total_tokens(), 'success_count') }} as tokens_per_success,
        {{ share_of('call_count', 'task_count') }} as calls_per_task,
        case when is_measured then {{ share_of('success_count', 'task_count') }} end
            as success_share,
        {{ share_of('elapsed_seconds', 'window_seconds') }} as maturity_share,
        is_mature,
        is_measured
{%- endmacro %}

{#
    The successes there will be when the windows are over: those so far by the share of chances
    that has passed; NULL where less than a tenth has, or nobody knows.
#}
{% macro projected_successes() -%}
    case
            when is_mature then cast(success_count as double)
            when
                is_measured
                and cast(arrived_task_count as double) >= 0.1 * task_count
                and task_count > 0
                then least(
                    cast(success_count as double) * task_count / cast(arrived_task_count as double),
                    cast(task_count as double)
                )
        end
{%- endmacro %}

{# Money for each of so many, published and never summed; NULL for none. #}
{% macro unit_cost_usd(cost, count) -%}
    cast(
        cast({{ cost }} as double) / nullif(cast({{ count }} as double), 0) as decimal(38, 12)
    )
{%- endmacro %}

{% macro cohort_count_columns() -%}
    {{ return([
        'task_count',
        'success_count',
        'failure_count',
        'expired_count',
        'pending_count',
        'unmeasured_count',
        'tasks_without_calls_count',
        'successes_without_calls_count',
    ] + task_count_columns()) }}
{%- endmacro %}

{% macro cohort_ratio_columns() -%}
    {{ return([
        'waste_cost_usd',
        'cost_per_success_usd',
        'cost_per_success_all_usd',
        'cost_per_success_mature_usd',
        'projected_success_count',
        'projected_cost_per_success_usd',
        'cost_per_success_low_usd',
        'cost_per_success_high_usd',
        'tokens_per_success',
        'calls_per_task',
        'success_share',
        'maturity_share',
    ]) }}
{%- endmacro %}
