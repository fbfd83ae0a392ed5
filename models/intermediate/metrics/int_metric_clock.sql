{{ config(materialized='table') }}

/*
    Grain: one row.

    What the lake knows decides what is scored, not the time of day: an hour is scored when a call
    at least `detection_watermark_hours` after its end has landed. A call of the future, from a
    clock that is wrong, does not count: more than a day after the newest landing. Were all calls
    such, the newest of them is believed after all.

    restated_from_date: the first touched day, or the day the build before this one stopped at;
    earlier where product events landed and a rule watches successes.
*/
{% set success_date = first_restated_success_date() %}

with

days as (

    select
        event_date,
        max(hour_number) as last_hour_number
    from {{ ref('int_workload_usage_summed_hourly') }}
    group by event_date

),

landings as (

    select max({{ epoch_hour('landed_at') }}) + 24 as last_hour_number
    from {{ ref('stg_lake__landings') }}

),

newest as (

    select
        coalesce(
            max(
                case
                    when days.last_hour_number <= landings.last_hour_number
                        then days.last_hour_number
                end
            ),
            max(days.last_hour_number)
        ) as newest_hour_number
    from days
    cross join landings

),

final as (

    select
        newest_hour_number,
        newest_hour_number - {{ var('detection_watermark_hours') }} as scored_until_hour_number,
        {% if relation_exists(this) and not flags.FULL_REFRESH %}
            least(
                {{ first_touched_date() }},
                {{ success_date }},
                (
                    select max({{ date_of_epoch_day(day_of_hours('scored_until_hour_number')) }})
                    from {{ this }}
                )
            ) as restated_from_date
        {% else %}
            {{ first_touched_date() }} as restated_from_date
        {% endif %}
    from newest
    where newest_hour_number is not null

)

select * from final
