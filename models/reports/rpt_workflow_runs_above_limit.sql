/*
    Grain: run_id; runs above a limit of their workflow, and loops. Rank 1 cost the most.
*/
with

runs as (

    select * from {{ ref('fct_workflow_runs') }}
    where is_above_limit or is_runaway

),

final as (

    select
        row_number() over (
            order by billed_cost_usd desc nulls last, step_count desc, run_id asc
        ) as cost_rank,
        run_id,
        workflow_id,
        tenant_id,
        feature,
        limits_exceeded,
        billed_cost_usd,
        max_cost_usd,
        step_count,
        max_steps,
        typical_step_count,
        duration_seconds,
        max_minutes,
        retry_call_count,
        unpriced_call_count,
        outcome,
        is_runaway,
        started_date,
        started_at
    from runs

)

select * from final
