/*
    Grain: cohort_date, feature, workflow_id, prompt_version, route_policy_version.
    The cohorts of fct_task_costs_daily cut by the versions of their first call, with the sums
    from which intervals over any number of days follow.
*/
with

cohorts as (

    select * from {{ ref('int_cohorts_projected') }}

),

as_of as (

    select * from {{ ref('int_outcomes_as_of') }}

),

summed as (

    select
        opened_date as cohort_date,
        feature,
        workflow_id,
        prompt_version,
        route_policy_version,
        {{ cohort_sums() }}
    from cohorts
    group by
        opened_date,
        feature,
        workflow_id,
        prompt_version,
        route_policy_version

),

{{ unit_cost_intervals('summed') }},

final as (

    select
        cohort_date,
        feature,
        workflow_id,
        prompt_version,
        route_policy_version,
        {{ cohort_figures() }},
        cast(cost_squared as double) as sum_cost_squared,
        success_cost_usd,
        as_of.as_of
    from intervals
    cross join as_of

)

select * from final
