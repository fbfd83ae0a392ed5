{{ config(
    materialized='incremental',
    incremental_strategy='restated',
    unique_key='started_date',
    meta={'restated_by': 'int_run_days_restated'},
    on_schema_change='fail',
) }}

/*
    Grain: started_date, workflow_id, known_date, step_count.

    How many runs that began on a day had so many steps, as known when later days began: summed
    over the rows with `known_date` up to a day, `run_count` is what that day knew. A run that
    goes on for days leaves its old count (-1) on the day its new one (+1) is known.
*/
with

runs as (

    select
        run_id,
        started_date,
        workflow_id
    from {{ ref('int_workflow_runs') }}
    where {{ in_restated('started_date', ref('int_run_days_restated')) }}

),

counted as (

    select
        runs.run_id,
        runs.started_date,
        runs.workflow_id,
        sums.event_date,
        cast(
            {{ reporting_date('sums.last_started_at', 'sums.event_date') }} + interval 1 day as date
        ) as known_date,
        sum(sums.operation_count) over (
            partition by sums.run_id
            order by sums.event_date
            rows between unbounded preceding and current row
        ) as step_count
    from runs
    inner join {{ ref('int_run_costs_summed_daily') }} as sums
        on runs.run_id = sums.run_id

),

followed as (

    select
        *,
        lead(known_date) over (
            partition by run_id
            order by event_date
        ) as next_known_date
    from counted

),

changes as (

    select
        started_date,
        workflow_id,
        known_date,
        step_count,
        1 as run_count
    from followed

    union all

    select
        started_date,
        workflow_id,
        next_known_date as known_date,
        step_count,
        -1 as run_count
    from followed
    where next_known_date is not null

),

final as (

    select
        started_date,
        workflow_id,
        known_date,
        cast(step_count as bigint) as step_count,
        cast(sum(run_count) as bigint) as run_count
    from changes
    group by
        started_date,
        workflow_id,
        known_date,
        step_count
    having sum(run_count) <> 0

)

select * from final
