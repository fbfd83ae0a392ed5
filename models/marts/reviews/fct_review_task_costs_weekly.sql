/*
    Grain: week_start_date, scope_type, scope_id (a feature, or the organisation as `*`).

    Cost per successful task of the tasks opened in each of the newest complete weeks: a ratio of
    sums. The organisation is its features whose outcomes are measured; what all else cost is
    missing from attribution_coverage_share. A week whose windows are open shows the projection,
    which has no interval.
*/
with

weeks as (

    select * from {{ ref('int_review_weeks') }}

),

cohorts as (

    select
        weeks.week_start_date,
        weeks.weeks_ago,
        cohorts.*
    from {{ ref('int_cohorts_projected') }} as cohorts
    inner join weeks
        on cohorts.opened_date between weeks.week_start_date and weeks.week_end_date

),

untasked as (

    select
        weeks.week_start_date,
        untasked.feature,
        sum(untasked.untasked_cost_usd) as untasked_cost_usd
    from {{ ref('int_untasked_costs_summed_daily') }} as untasked
    inner join weeks
        on untasked.reporting_date between weeks.week_start_date and weeks.week_end_date
    group by
        weeks.week_start_date,
        untasked.feature

),

scoped as (

    select
        *,
        'feature' as scope_type,
        feature as scope_id
    from cohorts

    union all

    select
        *,
        'org' as scope_type,
        '*' as scope_id
    from cohorts
    where is_measured

),

summed as (

    select
        week_start_date,
        weeks_ago,
        scope_type,
        scope_id,
        {{ cohort_sums() }}
    from scoped
    group by
        week_start_date,
        weeks_ago,
        scope_type,
        scope_id

),

{{ unit_cost_intervals('summed') }},

figures as (

    select
        week_start_date,
        weeks_ago,
        scope_type,
        scope_id,
        {{ cohort_figures() }}
    from intervals

),

-- Everything the calls of a scope's tasks and its calls without a task cost.
spend_parts as (

    select
        week_start_date,
        feature,
        billed_cost_usd as cost_usd
    from cohorts

    union all

    select
        week_start_date,
        feature,
        untasked_cost_usd as cost_usd
    from untasked

),

spend as (

    select
        week_start_date,
        'feature' as scope_type,
        feature as scope_id,
        sum(cost_usd) as cost_usd
    from spend_parts
    group by
        week_start_date,
        feature

    union all

    select
        week_start_date,
        'org' as scope_type,
        '*' as scope_id,
        sum(cost_usd) as cost_usd
    from spend_parts
    group by week_start_date

),

final as (

    select
        figures.week_start_date,
        figures.weeks_ago,
        figures.scope_type,
        figures.scope_id,
        figures.task_count,
        figures.success_count,
        figures.unpriced_call_count,
        figures.total_tokens,
        figures.billed_cost_usd,
        figures.is_measured,
        figures.is_mature,
        figures.maturity_share,
        figures.success_share,
        figures.projected_success_count,
        case
            when not figures.is_measured then 'unmeasured'
            when figures.is_mature then 'mature'
            when figures.projected_cost_per_success_usd is not null then 'projected'
            else 'open'
        end as basis,
        coalesce(figures.cost_per_success_mature_usd, figures.projected_cost_per_success_usd)
            as cost_per_success_usd,
        figures.cost_per_success_low_usd,
        figures.cost_per_success_high_usd,
        {{ share_of('figures.billed_cost_usd', 'spend.cost_usd') }} as attribution_coverage_share
    from figures
    left join spend
        on
            figures.week_start_date = spend.week_start_date
            and figures.scope_type = spend.scope_type
            and figures.scope_id = spend.scope_id

)

select * from final
