/*
    Grain: feature; features of which some task ever had an event that means success or failure,
    even one taken back. A task of any other feature is unmeasured: no event is no news.
*/
with

cohorts as (

    select * from {{ ref('int_task_costs_summed_by_cohort') }}

),

final as (

    select feature
    from cohorts
    group by feature
    having sum(outcome_event_count) > 0

)

select * from final
