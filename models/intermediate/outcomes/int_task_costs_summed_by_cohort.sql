{{ config(
    materialized='incremental',
    incremental_strategy='restated',
    unique_key='opened_date',
    meta={'restated_by': 'int_cohort_days_restated'},
    on_schema_change='fail',
) }}

/*
    Grain: opened_date, tenant_id, feature, workflow_id, prompt_version, route_policy_version.

    Tasks by the reporting day of their first call, as sums from which every figure of a cohort
    follows, its interval too. A task whose cost is not known counts in the spread as one that
    cost nothing. Everything is exact, so the order of the rows cannot show; a task beyond a
    million dollars counts as a million in `cost_squared`, and nowhere else.
    A cohort is mature when the window of its last task is over.
*/
{% set matured = 'tasks.window_ends_at <= as_of.as_of' %}
{% set in_spread = 'least(coalesce(tasks.billed_cost_usd, 0), 1000000)' %}

with

as_of as (

    select * from {{ ref('int_outcomes_as_of') }}

),

tasks as (

    select
        tasks.*,
        cast({{ in_spread }} as decimal(18, 9)) as spread_cost,
        coalesce({{ matured }}, false) as is_mature,
        least(
            {{ seconds_between('tasks.opened_at', 'as_of.as_of') }},
            tasks.window_hours * 3600
        ) as elapsed_seconds
    from {{ ref('int_tasks') }} as tasks
    cross join as_of
    where {{ in_restated('tasks.opened_date', ref('int_cohort_days_restated')) }}

),

final as (

    select
        opened_date,
        tenant_id,
        feature,
        workflow_id,
        prompt_version,
        route_policy_version,

        ---------- tasks with calls
        count(*) filter (where has_calls) as task_count,
        count(*) filter (where has_calls and outcome = 'success') as success_count,
        count(*) filter (where has_calls and outcome = 'failure') as failure_count,
        count(*) filter (where has_calls and outcome is null and not is_mature) as open_count,

        ---------- tasks without calls
        count(*) filter (where not has_calls) as tasks_without_calls_count,
        count(*) filter (where not has_calls and outcome = 'success')
            as successes_without_calls_count,

        ---------- calls and tokens
        {% for column in task_count_columns() + task_token_columns() %}
            cast(sum({{ column }}) as bigint) as {{ column }},
        {% endfor %}

        ---------- money
        {% for column in task_cost_columns() %}
            cast(sum({{ column }}) as decimal(38, 12)) as {{ column }},
        {% endfor %}
        cast(
            sum(case when outcome = 'success' then billed_cost_usd else 0 end) as decimal(38, 12)
        ) as success_cost_usd,
        cast(
            sum(
                case
                    when is_mature and outcome is distinct from 'success' then billed_cost_usd
                    else 0
                end
            ) as decimal(38, 12)
        ) as unsuccessful_cost_usd,
        cast(sum(cast(spread_cost * spread_cost as decimal(38, 18))) as decimal(38, 18))
            as cost_squared,

        ---------- squares, for calls and retries of a task
        cast(sum(cast(call_count as decimal(18, 0)) * call_count) as decimal(38, 0))
            as call_count_squared,
        cast(sum(cast(retry_call_count as decimal(18, 0)) * retry_call_count) as decimal(38, 0))
            as retry_call_count_squared,

        ---------- what is known
        cast(sum(outcome_event_count) as bigint) as outcome_event_count,
        cast(sum(elapsed_seconds) as bigint) as elapsed_seconds,
        cast(sum(window_hours) as bigint) * 3600 as window_seconds,
        max(window_ends_at) as window_ends_at,
        min(case when is_mature then 1 else 0 end) = 1 as is_mature
    from tasks
    group by
        opened_date,
        tenant_id,
        feature,
        workflow_id,
        prompt_version,
        route_policy_version

)

select * from final
