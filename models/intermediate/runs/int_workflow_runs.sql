{{ config(
    materialized='incremental',
    incremental_strategy='restated',
    unique_key='run_id',
    meta={'restated_by': 'int_runs_restated'},
    on_schema_change='fail',
) }}

/*
    Grain: run_id.

    A run is what its first call says: workflow, tenant, feature and versions, also where a later
    call says otherwise. Its task is the one that all its calls with a task work for. Nothing here
    depends on other runs or on how late it is; fct_workflow_runs adds that.
*/
with

contexts as (

    select * from {{ ref('int_call_contexts') }}

),

periods as (

    select * from {{ ref('int_attribution_periods') }}

),

sums as (

    select *
    from {{ ref('int_run_costs_summed_daily') }}
    where
        {{ in_restated('run_id', ref('int_runs_restated')) }}

),

runs as (

    select
        run_id,
        min(lowest_task_id) as lowest_task_id,
        max(highest_task_id) as highest_task_id,
        max(last_ended_at) as ended_at,
        max_by(is_last_operation_served, event_date) as is_last_operation_served,
        {{ call_sums_joined() }}
    from sums
    group by run_id

),

final as (

    select
        runs.run_id,
        case when runs.lowest_task_id = runs.highest_task_id then runs.lowest_task_id end
            as task_id,
        coalesce(runs.lowest_task_id <> runs.highest_task_id, false) as has_several_tasks,
        {{ or_unattributed('contexts.workflow_id') }} as workflow_id,
        {% for column in attributed_columns() %}
            {{ attributed(column, 'contexts') }} as {{ column }},
        {% endfor %}
        {{ or_unattributed('contexts.prompt_version') }} as prompt_version,
        {{ or_unattributed('contexts.route_policy_version') }} as route_policy_version,
        {{ reporting_date('runs.first_started_at', 'runs.first_call_date') }} as started_date,
        runs.first_started_at as started_at,
        runs.last_started_at as last_call_at,
        {% for column in task_count_columns() + task_token_columns() + task_cost_columns() %}
            runs.{{ column }},
        {% endfor %}
        runs.ended_at,
        {{ seconds_between('runs.first_started_at', 'runs.ended_at') }} as duration_seconds,
        runs.first_call_date,
        runs.last_call_date,
        case when runs.is_last_operation_served then 'success' else 'failed' end as outcome
    from runs
    left join contexts
        on runs.context_id = contexts.context_id
    left join periods
        on {{ in_attribution_period('contexts', 'runs.first_started_at') }}

)

select * from final
