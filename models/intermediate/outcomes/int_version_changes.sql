/*
    Grain: feature, change_kind, to_version.

    A version counts as changed to on the first mature cohort that has it; what it replaced is the
    version most tasks had in the 14 days before. Before are tasks of that version in those days,
    after are tasks of the new one in the 14 days from then on: while both run, each side counts
    its own tasks only. A version without a predecessor changed nothing.
*/
{% set measures = [
    'task_count',
    'success_count',
    'call_count',
    'retry_call_count',
    'billed_cost_usd',
    'success_cost_usd',
    'cost_squared',
    'call_count_squared',
    'retry_call_count_squared',
] %}

with

cohorts as (

    select * from {{ ref('int_version_cohorts') }}

),

firsts as (

    select
        feature,
        change_kind,
        version as to_version,
        min(opened_date) as changed_date
    from cohorts
    group by
        feature,
        change_kind,
        version

),

-- grain: feature, change_kind, to_version, version of the days before
before_sums as (

    select
        firsts.feature,
        firsts.change_kind,
        firsts.to_version,
        firsts.changed_date,
        cohorts.version as from_version,
        {% for column in measures %}
            sum(cohorts.{{ column }}) as {{ column }},
        {% endfor %}
        row_number() over (
            partition by firsts.feature, firsts.change_kind, firsts.to_version
            order by sum(cohorts.task_count) desc, cohorts.version asc
        ) as task_rank
    from firsts
    inner join cohorts
        on
            firsts.feature = cohorts.feature
            and firsts.change_kind = cohorts.change_kind
            and firsts.to_version <> cohorts.version
            and cohorts.opened_date >= cast(firsts.changed_date - interval 14 day as date)
            and cohorts.opened_date < firsts.changed_date
    group by
        firsts.feature,
        firsts.change_kind,
        firsts.to_version,
        firsts.changed_date,
        cohorts.version

),

after_sums as (

    select
        firsts.feature,
        firsts.change_kind,
        firsts.to_version,
        {% for column in measures %}
            sum(cohorts.{{ column }}) as {{ column }},
        {% endfor %}
        max(case when cohorts.is_measured then 1 else 0 end) = 1 as is_measured
    from firsts
    inner join cohorts
        on
            firsts.feature = cohorts.feature
            and firsts.change_kind = cohorts.change_kind
            and firsts.to_version = cohorts.version
            and cohorts.opened_date < cast(firsts.changed_date + interval 14 day as date)
    group by
        firsts.feature,
        firsts.change_kind,
        firsts.to_version

),

final as (

    select
        before_sums.feature,
        before_sums.change_kind,
        before_sums.from_version,
        before_sums.to_version,
        before_sums.changed_date,
        {% for column in measures %}
            before_sums.{{ column }} as before_{{ column }},
            after_sums.{{ column }} as after_{{ column }},
        {% endfor %}
        after_sums.is_measured
    from before_sums
    inner join after_sums
        on
            before_sums.feature = after_sums.feature
            and before_sums.change_kind = after_sums.change_kind
            and before_sums.to_version = after_sums.to_version
    where before_sums.task_rank = 1

)

select * from final
