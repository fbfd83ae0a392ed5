{{ config(materialized='table') }}

/*
    Grain: week_start_date. The newest complete weeks, Monday to Sunday in the reporting zone;
    weeks_ago 0 is the one a review is about. Complete: its last day can get no more calls, and
    calls were known from its first day on. No complete week, no row.
*/
with

known as (

    select * from {{ ref('int_days_known') }}

),

first_known as (

    select min(reporting_date) as first_day
    from {{ ref('int_call_costs_summed_hourly') }}

),

rules as (

    select cast({{ review_rule('task_weeks') }} as integer) as task_weeks
    from {{ ref('review_rules') }}

),

newest as (

    select
        cast(
            date_trunc('week', known.last_complete_day + interval 1 day) - interval 7 day as date
        ) as week_start_date,
        first_known.first_day,
        -- Two at least: the week and the one before.
        greatest(rules.task_weeks, 2) as week_count
    from known
    cross join first_known
    cross join rules

),

days as (

    select
        week_start_date as newest_week_start_date,
        first_day,
        {{ day_of_series(
            'cast(week_start_date - 7 * (week_count - 1) as date)', 'week_start_date'
        ) }} as week_start_date
    from newest

),

final as (

    select
        week_start_date,
        cast(week_start_date + interval 6 day as date) as week_end_date,
        cast(
            {{ days_between('week_start_date', 'newest_week_start_date') }} / 7 as integer
        ) as weeks_ago
    from days
    where
        {{ iso_weekday('week_start_date') }} = 1
        and week_start_date >= first_day

)

select * from final
