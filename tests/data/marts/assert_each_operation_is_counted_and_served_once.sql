/*
    Operations begin once and are served at most once, however many attempts they took.
    Counted from the lake's files per operation and date, without windows: an operation begins on
    a date that has an attempt of it and whose day before has none; it is served on a date with a
    success whose day after has none.
    Rows returned are dates whose counts differ.
*/
with

landed as (

    select
        event_date,
        operation_id,
        count(*) as attempt_count,
        sum(case when outcome = 'success' then 1 else 0 end) as success_count
    from {{ source('lake', 'calls') }}
    where
        is_current
        and component_index = 0
        and {{ in_dates_around_tested('event_date') }}
    group by
        event_date,
        operation_id

),

per_operation as (

    select
        event_date,
        operation_id,
        cast(event_date - interval 1 day as date) as day_before,
        cast(event_date + interval 1 day as date) as day_after,
        success_count
    from landed
    where operation_id is not null

),

expected as (

    select
        today.event_date,
        sum(case when yesterday.operation_id is null then 1 else 0 end) as operation_count,
        sum(
            case
                when today.success_count > 0 and coalesce(tomorrow.success_count, 0) = 0 then 1
                else 0
            end
        ) as served_count
    from per_operation as today
    left join per_operation as yesterday
        on
            today.operation_id = yesterday.operation_id
            and today.day_before = yesterday.event_date
    left join per_operation as tomorrow
        on
            today.operation_id = tomorrow.operation_id
            and today.day_after = tomorrow.event_date
    group by today.event_date

),

alone as (

    select
        event_date,
        attempt_count as operation_count,
        success_count as served_count
    from landed
    where operation_id is null

),

expected_by_date as (

    select
        event_date,
        sum(operation_count) as operation_count,
        sum(served_count) as served_count
    from (
        select * from expected
        union all
        select * from alone
    ) as counted
    where {{ in_tested_dates('event_date') }}
    group by event_date

),

ledger as (

    select
        event_date,
        sum(case when is_operation_start then 1 else 0 end) as operation_count,
        sum(case when is_served then 1 else 0 end) as served_count
    from {{ ref('fct_calls') }}
    where component_index = 0 and {{ in_tested_dates('event_date') }}
    group by event_date

)

select
    coalesce(expected_by_date.event_date, ledger.event_date) as event_date,
    expected_by_date.operation_count as expected_operation_count,
    ledger.operation_count,
    expected_by_date.served_count as expected_served_count,
    ledger.served_count
from expected_by_date
full outer join ledger
    on expected_by_date.event_date = ledger.event_date
where
    expected_by_date.operation_count is distinct from ledger.operation_count
    or expected_by_date.served_count is distinct from ledger.served_count
