{{ config(
    materialized='incremental',
    incremental_strategy='restated',
    unique_key='started_date',
    meta={'restated_by': 'int_run_days_judged'},
    on_schema_change='fail',
) }}

/*
    Grain: started_date, workflow_id; days on which runs of the workflow began.

    The median steps of the runs that began in the 28 days before, each with the steps it had when
    the day began: no run is its own history, and nothing of the day itself or later counts. The
    median is read off the counts: the mean of the two runs in the middle.
*/
with

days as (

    select distinct
        started_date,
        workflow_id
    from {{ ref('int_run_steps_counted_daily') }}
    where {{ in_restated('started_date', ref('int_run_days_judged')) }}

),

counted as (

    select * from {{ ref('int_run_steps_counted_daily') }}

),

-- Each day of counts once for each day it is history of: a join on equal days is linear.
spread as (

    select
        workflow_id,
        known_date,
        step_count,
        run_count,
        {{ day_of_series(
            'cast(started_date + interval 1 day as date)',
            'cast(started_date + interval ' ~ history_days() ~ ' day as date)'
        ) }} as judged_date
    from counted

),

known as (

    select
        days.started_date,
        days.workflow_id,
        spread.step_count,
        sum(spread.run_count) as run_count
    from days
    inner join spread
        on
            days.workflow_id = spread.workflow_id
            and days.started_date = spread.judged_date
            and spread.known_date <= days.started_date
    group by
        days.started_date,
        days.workflow_id,
        spread.step_count
    having sum(spread.run_count) > 0

),

ranked as (

    select
        started_date,
        workflow_id,
        step_count,
        sum(run_count) over (
            partition by started_date, workflow_id
            order by step_count
            rows between unbounded preceding and current row
        ) as runs_up_to,
        sum(run_count) over (
            partition by started_date, workflow_id
        ) as history_run_count
    from known

),

medians as (

    select
        started_date,
        workflow_id,
        cast(max(history_run_count) as bigint) as history_run_count,
        min(case when 2 * runs_up_to >= history_run_count then step_count end) as lower_middle,
        min(case when 2 * runs_up_to > history_run_count then step_count end) as upper_middle
    from ranked
    group by
        started_date,
        workflow_id

),

final as (

    select
        days.started_date,
        days.workflow_id,
        coalesce(medians.history_run_count, 0) as history_run_count,
        cast((medians.lower_middle + medians.upper_middle) * 0.5 as decimal(18, 1))
            as typical_step_count
    from days
    left join medians
        on
            days.started_date = medians.started_date
            and days.workflow_id = medians.workflow_id

)

select * from final
