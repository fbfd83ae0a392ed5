{{ config(tags=['from_seeds'], materialized='table') }}

/*
    Grain: budget_id, valid_from.

    Every budget there is, cut into periods that do not overlap: those of the budgets seed, and as
    `limit:<tenant>:<period>` what a tenant's contract or plan allows it. A contract's own hourly
    limit counts before the plan's, the plan of a contract before the plan of the tenants seed, and
    of two rows that hold on a day the one that began later. valid_to is the first day a row no
    longer holds.
*/
{% set always = "cast('1970-01-01' as date)" %}
{% set for_ever = "cast('9999-01-01' as date)" %}

with

budgets as (

    select * from {{ ref('budgets') }}

),

plans as (

    select * from {{ ref('plans') }}

),

contracts as (

    select * from {{ ref('tenant_contracts') }}

),

tenants as (

    select * from {{ ref('tenants') }}

),

plan_limits as (

    {% for period, column in {
        'hour': 'hourly_limit_usd', 'day': 'daily_limit_usd', 'month': 'monthly_limit_usd'
    }.items() %}
        select
            lower(trim(plan)) as plan,
            '{{ period }}' as period,
            cast({{ column }} as decimal(38, 12)) as budget_usd,
            valid_from,
            valid_to
        from plans
        where {{ column }} is not null
        {{ 'union all' if not loop.last }}
    {% endfor %}

),

plans_of_tenants as (

    select
        tenant_id,
        lower(trim(plan)) as plan,
        2 as preference,
        valid_from,
        valid_to
    from contracts
    where plan is not null

    union all

    select
        tenant_id,
        lower(trim(plan)) as plan,
        3 as preference,
        valid_from,
        valid_to
    from tenants
    where plan is not null

),

stated as (

    select
        budget_id,
        'budget' as budget_source,
        lower(trim(scope_type)) as scope_type,
        case when lower(trim(scope_type)) = 'org' then '*' else scope_id end as scope_id,
        lower(trim(period)) as period,
        cast(budget_usd as decimal(38, 12)) as budget_usd,
        owner,
        1 as preference,
        coalesce(valid_from, {{ always }}) as valid_from,
        coalesce(valid_to, {{ for_ever }}) as valid_to
    from budgets

    union all

    select
        'limit:' || tenant_id || ':hour' as budget_id,
        'contract' as budget_source,
        'tenant' as scope_type,
        tenant_id as scope_id,
        'hour' as period,
        cast(hourly_limit_usd as decimal(38, 12)) as budget_usd,
        cast(null as varchar) as owner,
        1 as preference,
        coalesce(valid_from, {{ always }}) as valid_from,
        coalesce(valid_to, {{ for_ever }}) as valid_to
    from contracts
    where hourly_limit_usd is not null

    union all

    select
        'limit:' || plans_of_tenants.tenant_id || ':' || plan_limits.period as budget_id,
        'plan' as budget_source,
        'tenant' as scope_type,
        plans_of_tenants.tenant_id as scope_id,
        plan_limits.period,
        plan_limits.budget_usd,
        cast(null as varchar) as owner,
        plans_of_tenants.preference,
        greatest(
            coalesce(plans_of_tenants.valid_from, {{ always }}),
            coalesce(plan_limits.valid_from, {{ always }})
        ) as valid_from,
        least(
            coalesce(plans_of_tenants.valid_to, {{ for_ever }}),
            coalesce(plan_limits.valid_to, {{ for_ever }})
        ) as valid_to
    from plans_of_tenants
    inner join plan_limits
        on plans_of_tenants.plan = plan_limits.plan

),

edges as (

    select
        budget_id,
        valid_from as edge_date
    from stated
    where valid_from < valid_to
    union
    select
        budget_id,
        valid_to as edge_date
    from stated
    where valid_from < valid_to

),

periods as (

    select
        budget_id,
        edge_date as valid_from,
        lead(edge_date) over (partition by budget_id order by edge_date) as valid_to
    from edges

),

ranked as (

    select
        stated.budget_id,
        stated.budget_source,
        stated.scope_type,
        stated.scope_id,
        stated.period,
        stated.budget_usd,
        stated.owner,
        periods.valid_from,
        periods.valid_to,
        row_number() over (
            partition by stated.budget_id, periods.valid_from
            order by
                stated.preference asc,
                stated.valid_from desc,
                stated.budget_usd asc,
                stated.scope_type asc,
                stated.scope_id asc,
                stated.period asc
        ) as choice
    from periods
    inner join stated
        on
            periods.budget_id = stated.budget_id
            and periods.valid_from >= stated.valid_from
            and periods.valid_to <= stated.valid_to

),

final as (

    select
        budget_id,
        budget_source,
        scope_type,
        scope_id,
        period,
        budget_usd,
        owner,
        valid_from,
        valid_to
    from ranked
    where choice = 1

)

select * from final
