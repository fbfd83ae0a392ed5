{{ config(materialized='view') }}

/*
    Grain: run_id.
    The stored runs with what the newest moment the lake knows adds: whether a run may still go
    on, and what became of its task. A view, because time passes for every run and the stored rows
    do not change with it.
*/
with

runs as (

    select * from {{ ref('int_workflow_runs_judged') }}

),

tasks as (

    select * from {{ ref('fct_tasks') }}

),

as_of as (

    select * from {{ ref('int_outcomes_as_of') }}

),

final as (

    select

        ---------- ids
        runs.run_id,
        runs.task_id,

        ---------- dimensions
        runs.workflow_id,
        runs.tenant_id,
        runs.feature,
        runs.environment,
        runs.team,
        runs.workload_class,
        runs.prompt_version,
        runs.route_policy_version,
        runs.outcome,
        tasks.outcome_status as task_outcome_status,
        {{ limits_exceeded('runs') }} as limits_exceeded,

        ---------- counts
        runs.call_count,
        runs.operation_count as step_count,
        runs.retry_call_count,
        runs.failed_call_count,
        runs.unpriced_call_count,
        runs.duration_seconds,

        ---------- tokens
        {% for column in task_token_columns() %}
            runs.{{ column }},
        {% endfor %}
        {{ total_tokens('runs') }} as total_tokens,

        ---------- money
        {% for column in task_cost_columns() %}
            runs.{{ column }},
        {% endfor %}

        ---------- what it is held to
        runs.max_cost_usd,
        runs.max_steps,
        runs.max_minutes,
        runs.runaway_multiple,
        runs.typical_step_count,
        runs.history_run_count,

        ---------- booleans
        runs.is_above_limit,
        runs.is_runaway,
        runs.has_several_tasks,
        coalesce(
            {{ seconds_between('runs.last_call_at', 'as_of.as_of') }}
            < 60 * {{ var('run_idle_minutes') }},
            false
        ) as is_open,

        ---------- dates and timestamps
        runs.started_date,
        runs.started_at,
        runs.last_call_at,
        runs.ended_at,
        as_of.as_of
    from runs
    cross join as_of
    left join tasks
        on runs.task_id = tasks.task_id

)

select * from final
