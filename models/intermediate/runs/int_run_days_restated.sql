{{ config(materialized='table') }}

/*
    Grain: started_date; the days on which a run that this build makes anew begins or began.
    Empty in a full refresh.
*/
with

final as (

    {{ days_restated(
        'run_id', ref('int_workflow_runs'), ref('int_runs_restated'), 'started_date',
    ) }}

)

select * from final
