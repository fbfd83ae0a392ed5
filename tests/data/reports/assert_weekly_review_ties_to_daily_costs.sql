/*
    The weekly review carries all money of its week and of the one before, whatever it is split by;
    each tenant it names cost what its days cost; and it counts as many calls in the lake as in the
    costs. Each against the daily costs of tenants, which are made apart from it.
    Rows returned are sections, tenants or counts that differ.
*/
with

review as (

    select * from {{ ref('rpt_weekly_review') }}

),

weeks as (

    select
        weeks_ago,
        week_start_date,
        cast(week_start_date + interval 6 day as date) as week_end_date
    from {{ ref('fct_review_costs_weekly') }}
    where scope_type = 'org'

),

daily as (

    select
        weeks.weeks_ago,
        costs.tenant_id,
        costs.call_count,
        costs.billed_cost_usd
    from {{ ref('fct_tenant_costs_daily') }} as costs
    inner join weeks
        on costs.cost_date between weeks.week_start_date and weeks.week_end_date

),

active as (

    select distinct
        tenant_id,
        weeks_ago
    from daily

),

sections as (

    select 'summary' as section
    union all
    select 'top_tenants' as section
    union all
    select 'top_workflows' as section
    union all
    select 'model_mix' as section

),

in_days as (

    select
        sections.section,
        weeks.weeks_ago,
        '*' as subject,
        cast(coalesce(sum(daily.billed_cost_usd), 0) as decimal(38, 12)) as amount
    from weeks
    cross join sections
    left join daily
        on weeks.weeks_ago = daily.weeks_ago
    group by
        sections.section,
        weeks.weeks_ago

    union all

    select
        'calls' as section,
        weeks.weeks_ago,
        '*' as subject,
        cast(coalesce(sum(daily.call_count), 0) as decimal(38, 12)) as amount
    from weeks
    left join daily
        on weeks.weeks_ago = daily.weeks_ago
    group by weeks.weeks_ago

    union all

    select
        'tenant' as section,
        daily.weeks_ago,
        daily.tenant_id as subject,
        cast(coalesce(sum(daily.billed_cost_usd), 0) as decimal(38, 12)) as amount
    from daily
    inner join review
        on
            review.section = 'top_tenants'
            and review.metric = 'billed_cost_usd'
            and daily.tenant_id = review.subject
    group by
        daily.weeks_ago,
        daily.tenant_id

),

in_review as (

    {% for weeks_ago, value in [(0, 'value_usd'), (1, 'previous_value_usd')] %}
        select
            sections.section,
            weeks.weeks_ago,
            '*' as subject,
            cast(coalesce(sum(review.{{ value }}), 0) as decimal(38, 12)) as amount
        from weeks
        cross join sections
        left join review
            on
                sections.section = review.section
                and review.metric = 'billed_cost_usd'
        where weeks.weeks_ago = {{ weeks_ago }}
        group by
            sections.section,
            weeks.weeks_ago

        union all

        -- A tenant without a call in a week has no days in it.
        select
            'tenant' as section,
            weeks.weeks_ago,
            review.subject,
            cast(coalesce(review.{{ value }}, 0) as decimal(38, 12)) as amount
        from review
        inner join weeks
            on weeks.weeks_ago = {{ weeks_ago }}
        inner join active
            on
                weeks.weeks_ago = active.weeks_ago
                and review.subject = active.tenant_id
        where
            review.section = 'top_tenants'
            and review.metric = 'billed_cost_usd'

        union all
    {% endfor %}

    select
        'calls' as section,
        weeks.weeks_ago,
        '*' as subject,
        cast(coalesce(sum(calls.call_count), 0) as decimal(38, 12)) as amount
    from weeks
    left join {{ ref('fct_review_calls_weekly') }} as calls
        on
            weeks.weeks_ago = calls.weeks_ago
            and calls.scope_type = 'org'
    group by weeks.weeks_ago

)

select
    coalesce(in_days.section, in_review.section) as section,
    coalesce(in_days.weeks_ago, in_review.weeks_ago) as weeks_ago,
    coalesce(in_days.subject, in_review.subject) as subject,
    in_days.amount as amount_in_days,
    in_review.amount as amount_in_review
from in_days
full outer join in_review
    on
        in_days.section = in_review.section
        and in_days.weeks_ago = in_review.weeks_ago
        and in_days.subject = in_review.subject
where in_days.amount is distinct from in_review.amount
