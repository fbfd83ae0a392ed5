{{ config(
    materialized='incremental',
    incremental_strategy='restated',
    unique_key='event_date',
    meta={'restated_by': 'touched_task_dates'},
    on_schema_change='fail',
) }}

/*
    Grain: event_date, task_id.
    What the calls of a task cost on a UTC date. A task that goes on for days has a row on each of
    them, so a late call changes one row, wherever the task began.
*/
with

calls as (

    select * from {{ ref('int_calls_priced') }}
    where {{ in_touched_task_dates('event_date') }}

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

tasked as (

    select
        calls.task_id,
        {{ call_sum_inputs() }}
    from calls
    left join attempts
        on
            calls.event_date = attempts.event_date
            and calls.event_id = attempts.event_id
    where calls.task_id is not null

    union all

    select
        matched.task_id,
        {{ call_sum_inputs() }}
    from calls
    inner join matched
        on
            calls.event_date = matched.event_date
            and calls.event_id = matched.event_id
    left join attempts
        on
            calls.event_date = attempts.event_date
            and calls.event_id = attempts.event_id
    where calls.task_id is null

),

final as (

    select
        event_date,
        task_id,
        {{ call_sums() }}
    from tasked
    group by
        event_date,
        task_id

)

select * from final
