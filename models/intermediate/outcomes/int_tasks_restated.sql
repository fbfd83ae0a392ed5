{{ config(materialized='table') }}

/*
    Grain: task_id; the tasks this build makes anew, and the day each was counted on before.
    Empty in a full refresh, which makes all. A task whose only call or event has gone is found by
    what the last build stored of it.
*/
with

touched as (

    {{ ids_restated_by_calls('task_id', ref('int_task_costs_summed_daily'), 'int_tasks') }}
    union
    {{ ids_restated_by_events('task_id', ref('int_task_events'), 'int_tasks') }}

),

final as (

    {{ with_days_before('task_id', 'touched', 'int_tasks', 'opened_date') }}

)

select * from final
