/*
    Grain: run_id.

    Runs with what they are held to and what they exceed. A run is a loop when it has more steps
    than its limit, or than `runaway_multiple` times the typical, taken as at least one. A run
    whose cost nobody knows exceeds no cost.
*/
with

runs as (

    select * from {{ ref('int_workflow_runs') }}

),

limits as (

    select * from {{ ref('int_workflow_limits_daily') }}

),

held as (

    select
        runs.*,
        limits.max_cost_usd,
        limits.max_steps,
        limits.max_minutes,
        limits.runaway_multiple,
        limits.typical_step_count,
        limits.history_run_count,
        coalesce(runs.billed_cost_usd > limits.max_cost_usd, false) as is_too_dear,
        coalesce(runs.operation_count > limits.max_steps, false) as has_too_many_steps,
        coalesce(runs.duration_seconds > 60 * limits.max_minutes, false) as is_too_long,
        coalesce(
            runs.operation_count > limits.runaway_multiple
            * case
                when limits.typical_step_count < 1 then 1
                else limits.typical_step_count
            end,
            false
        ) as has_untypical_steps
    from runs
    left join limits
        on
            runs.started_date = limits.started_date
            and runs.workflow_id = limits.workflow_id

),

final as (

    select
        *,
        is_too_dear or has_too_many_steps or is_too_long as is_above_limit,
        has_too_many_steps or has_untypical_steps as is_runaway
    from held

)

select * from final
