{{ config(materialized='table') }}

/*
    Grain: run_id; the runs this build makes anew, and the day each began on before. Empty in a
    full refresh, which makes all. A run whose only call has gone is found by what the last build
    stored of it.
*/
with

touched as (

    {{ ids_restated_by_calls('run_id', ref('int_run_costs_summed_daily'), 'int_workflow_runs') }}

),

final as (

    {{ with_days_before('run_id', 'touched', 'int_workflow_runs', 'started_date') }}

)

select * from final
