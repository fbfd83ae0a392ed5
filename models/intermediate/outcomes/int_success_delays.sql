{{ config(
    materialized='incremental',
    incremental_strategy='restated',
    unique_key='opened_date',
    meta={'restated_by': 'int_cohort_days_restated'},
    on_schema_change='fail',
) }}

/*
    Grain: opened_date, feature, delay_hours.
    How long tasks with calls took from their first call to success, in begun hours.
*/
with

tasks as (

    select
        opened_date,
        feature,
        {{ begun_hours(seconds_between('opened_at', 'succeeded_at')) }} as delay_hours
    from {{ ref('int_tasks') }}
    where
        has_calls
        and outcome = 'success'
        and {{ in_restated('opened_date', ref('int_cohort_days_restated')) }}

),

final as (

    select
        opened_date,
        feature,
        delay_hours,
        count(*) as success_count
    from tasks
    group by
        opened_date,
        feature,
        delay_hours

)

select * from final
