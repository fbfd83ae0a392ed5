{{ config(materialized='table') }}

/*
    Grain: opened_date; the cohorts this build sums anew: those a restated task is in or was in,
    and those whose windows were still open. Empty in a full refresh, which sums all.
*/
with

final as (

    {{ days_restated(
        'task_id', ref('int_tasks'), ref('int_tasks_restated'), 'opened_date',
        'int_task_costs_summed_by_cohort',
    ) }}

)

select * from final
