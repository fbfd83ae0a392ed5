{{ config(materialized='view') }}

/*
    Grain: task_id.
    The stored tasks as they stand at `as_of`: whether their window is over, and so what it means
    that nobody said success. A view, because time passes for every task and the stored rows do
    not change with it.
*/
with

tasks as (

    select * from {{ ref('int_tasks') }}

),

as_of as (

    select * from {{ ref('int_outcomes_as_of') }}

),

measured as (

    select * from {{ ref('int_features_measured') }}

),

judged as (

    select
        tasks.*,
        as_of.as_of,
        coalesce(tasks.window_ends_at <= as_of.as_of, false) as is_mature,
        case
            when tasks.outcome is not null then tasks.outcome
            when measured.feature is null or tasks.window_ends_at is null then 'unmeasured'
            when tasks.window_ends_at <= as_of.as_of then 'expired'
            else 'pending'
        end as outcome_status
    from tasks
    cross join as_of
    left join measured
        on tasks.feature = measured.feature

),

final as (

    select

        ---------- ids
        task_id,

        ---------- dimensions
        tenant_id,
        feature,
        environment,
        team,
        workload_class,
        workflow_id,
        prompt_version,
        route_policy_version,
        outcome_status,

        ---------- counts
        call_count,
        operation_count,
        retry_call_count,
        failed_call_count,
        unpriced_call_count,
        event_count,
        outcome_event_count,

        ---------- tokens
        {% for column in task_token_columns() %}
            {{ column }},
        {% endfor %}
        {{ total_tokens() }} as total_tokens,

        ---------- money
        billed_cost_usd,
        chargeable_cost_usd,
        retry_cost_usd,

        ---------- booleans
        has_calls,
        case
            when outcome_status = 'success' then true
            when outcome_status in ('failure', 'expired') then false
        end as is_success,
        is_mature,

        ---------- dates and timestamps
        opened_date,
        opened_at,
        last_call_at,
        first_event_at,
        succeeded_at,
        window_ends_at,
        as_of
    from judged

)

select * from final
