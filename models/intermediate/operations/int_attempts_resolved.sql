{{ config(
    materialized='incremental',
    incremental_strategy='touched_dates',
    unique_key='event_date',
    on_schema_change='fail',
) }}

/*
    Grain: event_id. Only calls whose part in their operation is not what their own row says.

    A call normally tells its own part: the attempt that succeeded served the operation, and
    attempt 1 began it. That is wrong where an operation has two successes (the first answer was
    thrown away), no attempt 1, or several. Those few calls are the rows here; calls that are
    alone in their operation never reach the windows.

    Attempts belong together when they start on the same UTC date or on neighbouring ones. Wider
    spans are separate operations: so a date's result depends on its neighbours only, and an
    incremental build gives what a full refresh gives.
*/
with

calls as (

    select * from {{ ref('stg_lake__calls') }}
    where
        component_index = 0
        and operation_id is not null
        and {{ in_dates_around_touched('event_date') }}

),

-- Candidates by hash, which is cheap over all calls; the windows below decide on the id itself.
suspects as (

    select {{ hash_64('calls', ['operation_id']) }} as operation_hash
    from calls
    group by {{ hash_64('calls', ['operation_id']) }}
    having count(*) > 1 or max(attempt_number) > 1

),

attempts as (

    select
        calls.event_date,
        calls.event_id,
        calls.operation_id,
        calls.attempt_number,
        calls.started_at,
        calls.outcome = 'success' as is_success
    from calls
    inner join suspects
        on {{ hash_64('calls', ['operation_id']) }} = suspects.operation_hash

),

windowed as (

    select
        event_date,
        event_id,
        attempt_number,
        is_success,
        lag(event_date) over (
            partition by operation_id
            order by started_at, attempt_number, event_id
        ) as previous_attempt_date,
        lead(event_date) over (
            partition by operation_id, is_success
            order by started_at, attempt_number, event_id
        ) as next_same_result_date
    from attempts

),

resolved as (

    select
        event_date,
        event_id,
        attempt_number,
        is_success,
        is_success and (
            next_same_result_date is null
            or next_same_result_date > cast(event_date + interval 1 day as date)
        ) as is_served,
        (
            previous_attempt_date is null
            or previous_attempt_date < cast(event_date - interval 1 day as date)
        ) as is_operation_start
    from windowed

),

final as (

    select
        event_date,
        event_id,
        is_served,
        is_operation_start
    from resolved
    where
        (
            is_served is distinct from is_success
            or is_operation_start is distinct from (attempt_number = 1)
        )
        and {{ in_touched_dates('event_date') }}

)

select * from final
