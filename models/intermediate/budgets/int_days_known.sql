/*
    Grain: one row, none before the first call.

    newest_day is the newest reporting day with calls, last_complete_day the newest that can get no
    more: the newest hour with calls is its last, or lies in a later day. A clock that runs ahead
    is not believed past the day the log landed: a year of made-up days would follow.
*/
with

costs as (

    select * from {{ ref('int_call_costs_summed_hourly') }}

),

landings as (

    select * from {{ ref('stg_lake__landings') }}

),

landed as (

    select cast(max(landed_at) as date) as landed_date
    from landings

),

in_time as (

    select
        costs.hour_at,
        costs.reporting_date
    from costs
    cross join landed
    where costs.event_date <= landed.landed_date or landed.landed_date is null

),

newest as (

    select
        max(hour_at) as newest_hour_at,
        cast(max(hour_at) + interval 1 hour as timestamptz) as following_hour_at,
        max(reporting_date) as newest_day
    from in_time

),

final as (

    select
        newest_hour_at,
        newest_day,
        cast(
            {{ reporting_date('following_hour_at', 'cast(following_hour_at as date)') }}
            - interval 1 day as date
        ) as last_complete_day
    from newest
    where newest_hour_at is not null

)

select * from final
