{{ config(
    materialized='incremental',
    incremental_strategy='restated',
    unique_key='event_date',
    meta={'restated_by': 'touched_task_dates'},
    on_schema_change='fail',
) }}

/*
    Grain: event_date, run_id.

    What the calls of a run cost on a UTC date, which tasks they worked for, and whether the
    operation of the last of them was served: by that call, or by an attempt that began before it,
    on the day before too.
*/
{% set last_to_start = in_order(['started_at', 'attempt_number', 'event_id']) %}

with

calls as (

    select * from {{ ref('int_calls_priced') }}
    where
        run_id is not null
        and {{ in_touched_task_dates('event_date') }}

),

attempts as (

    select * from {{ ref('int_attempts_resolved') }}
    where {{ in_touched_task_dates('event_date') }}

),

matched as (

    select
        event_date,
        event_id,
        task_id
    from {{ ref('int_calls_matched_to_events') }}
    where
        decides_task
        and {{ in_touched_task_dates('event_date') }}

),

run_calls as (

    select
        calls.run_id,
        calls.operation_id,
        coalesce(calls.task_id, matched.task_id) as task_id,
        {{ call_end('calls.started_at', 'calls.latency_ms') }} as ended_at,
        {{ call_sum_inputs() }}
    from calls
    left join attempts
        on
            calls.event_date = attempts.event_date
            and calls.event_id = attempts.event_id
    left join matched
        on
            calls.event_date = matched.event_date
            and calls.event_id = matched.event_id

),

summed as (

    select
        event_date,
        run_id,
        min(task_id) as lowest_task_id,
        max(task_id) as highest_task_id,
        max(ended_at) as last_ended_at,
        max_by(coalesce(operation_id, ''), {{ last_to_start }}) as last_operation_id,
        max_by(outcome = 'success', {{ last_to_start }}) as is_last_call_success,
        {{ call_sums() }}
    from run_calls
    group by
        event_date,
        run_id

),

successes as (

    select
        event_date,
        run_id,
        operation_id
    from {{ ref('stg_lake__calls') }}
    where
        component_index = 0
        and run_id is not null
        and operation_id is not null
        and outcome = 'success'
        and {{ in_dates_near('event_date', 'touched_task_dates', before=1, after=0) }}

),

served as (

    select distinct
        summed.event_date,
        summed.run_id
    from summed
    inner join successes
        on
            summed.run_id = successes.run_id
            and summed.last_operation_id = successes.operation_id
            and successes.event_date <= summed.event_date
            and successes.event_date >= cast(summed.event_date - interval 1 day as date)
    where not summed.is_last_call_success

),

final as (

    select
        summed.*,
        summed.is_last_call_success or served.run_id is not null as is_last_operation_served
    from summed
    left join served
        on
            summed.event_date = served.event_date
            and summed.run_id = served.run_id

)

select * from final
