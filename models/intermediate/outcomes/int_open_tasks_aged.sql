{{ config(materialized='table') }}

/*
    Grain: opened_date, tenant_id, feature, workflow_id, prompt_version, route_policy_version,
    age_hours. Tasks with calls whose window is open, by their age in whole hours.
*/
with

as_of as (

    select * from {{ ref('int_outcomes_as_of') }}

),

tasks as (

    select
        tasks.*,
        {{ whole_hours(seconds_between('tasks.opened_at', 'as_of.as_of')) }} as age_hours
    from {{ ref('int_tasks') }} as tasks
    inner join as_of
        on tasks.window_ends_at > as_of.as_of
    where tasks.has_calls

),

final as (

    select
        opened_date,
        tenant_id,
        feature,
        workflow_id,
        prompt_version,
        route_policy_version,
        age_hours,
        count(*) as task_count
    from tasks
    group by
        opened_date,
        tenant_id,
        feature,
        workflow_id,
        prompt_version,
        route_policy_version,
        age_hours

)

select * from final
