/*
    Grain: opened_date, tenant_id, feature, workflow_id, prompt_version, route_policy_version.
    The sums of a cohort with whether its feature is measured, and `arrived_task_count`: its tasks,
    each counted by the share of its chances that has passed. NULL where no curve tells.
*/
{% set cohort = [
    'opened_date',
    'tenant_id',
    'feature',
    'workflow_id',
    'prompt_version',
    'route_policy_version',
] %}

with

cohorts as (

    select * from {{ ref('int_task_costs_summed_by_cohort') }}

),

measured as (

    select * from {{ ref('int_features_measured') }}

),

open_tasks as (

    select
        {% for column in cohort %}
            aged.{{ column }},
        {% endfor %}
        sum(aged.task_count) as open_task_count,
        sum(cast(aged.task_count as decimal(18, 0)) * arrivals.arrived_share) as arrived_count,
        max(case when arrivals.arrived_share is null then 1 else 0 end) as is_unknown
    from {{ ref('int_open_tasks_aged') }} as aged
    left join {{ ref('int_success_arrivals') }} as arrivals
        on
            aged.feature = arrivals.feature
            and aged.age_hours = arrivals.age_hours
    group by
        aged.opened_date,
        aged.tenant_id,
        aged.feature,
        aged.workflow_id,
        aged.prompt_version,
        aged.route_policy_version

),

final as (

    select
        cohorts.*,
        measured.feature is not null as is_measured,
        cast(
            case
                when open_tasks.opened_date is null then cohorts.task_count
                when open_tasks.is_unknown = 1 then null
                else
                    cohorts.task_count - open_tasks.open_task_count + open_tasks.arrived_count
            end as decimal(38, 6)
        ) as arrived_task_count
    from cohorts
    left join measured
        on cohorts.feature = measured.feature
    left join open_tasks
        on {{ columns_equal('cohorts', 'open_tasks', cohort) }}

)

select * from final
