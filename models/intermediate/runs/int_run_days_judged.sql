{{ config(materialized='table') }}

/*
    Grain: started_date; the days whose runs this build judges anew: the restated days and those
    after them for which they are history. Empty in a full refresh, which judges all.
*/
with

final as (

    select distinct
        {{ day_of_series(
            'started_date', 'cast(started_date + interval ' ~ history_days() ~ ' day as date)'
        ) }} as started_date
    from {{ ref('int_run_days_restated') }}

)

select * from final
