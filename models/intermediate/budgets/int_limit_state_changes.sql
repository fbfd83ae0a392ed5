{{ config(materialized='table') }}

/*
    Grain: state_change_id; what happened to budgets and limits and somebody may be told.

    trigger: first at a level a rule watches; update: at a worse one than before in its spell;
    acknowledge, resolve: somebody said so, or the period is over, or its month was ok again. Rules
    are the rows of baseline `external`: metric and entity type say what they watch; a state several
    rules watch is told once. The id is of the period, the spell and the level: a rebuild, and what
    happens later, gives the same.
*/
with

budget_breaches as (

    select * from {{ ref('int_budget_breaches') }}

),

run_breaches as (

    select * from {{ ref('int_run_breaches') }}

),

rules as (

    select * from {{ ref('alert_rules') }}
    where
        baseline = 'external'
        and is_enabled

),

packs as (

    select * from {{ ref('alert_rule_packs') }}
    where is_enabled

),

states as (

    select * from {{ ref('int_incident_states') }}

),

breaches as (

    select
        incident_id,
        spell,
        metric,
        level,
        period,
        scope_type,
        scope_id,
        budget_id,
        budget_usd,
        owner,
        cast(null as varchar) as feature,
        cast(null as varchar) as team,
        cost_date,
        resolved_date,
        occurred_at,
        known_at,
        resolved_at
    from budget_breaches

    union all

    select
        incident_id,
        1 as spell,
        metric,
        level,
        'run' as period,
        'workflow' as scope_type,
        workflow_id as scope_id,
        cast(null as varchar) as budget_id,
        cast(null as decimal(38, 12)) as budget_usd,
        owner,
        feature,
        team,
        started_date as cost_date,
        case when resolved_at is not null then started_date end as resolved_date,
        occurred_at,
        known_at,
        resolved_at
    from run_breaches

),

-- The first rule speaks: of the loudest tier, of the pack that is not a quotation, by name.
watched as (

    select
        breaches.*,
        rules.rule_id,
        rules.tier as rule_tier,
        rules.owner as rule_owner,
        rules.runbook,
        rules.kill_switch,
        row_number() over (
            partition by breaches.incident_id, breaches.spell, breaches.level
            order by
                case rules.tier when 'page' then 1 when 'watch' then 2 else 3 end,
                case when rules.pack = 'default' then 1 else 2 end,
                rules.rule_id
        ) as rule_rank
    from breaches
    inner join rules
        on
            breaches.metric = rules.metric
            and rules.entity_type in ('budget', breaches.scope_type)
    inner join packs
        on rules.pack = packs.pack

),

levels as (

    select
        incident_id,
        spell,
        level,
        {{ listed_texts('rule_id') }} as rules,
        min(occurred_at) as occurred_at,
        min(known_at) as known_at
    from watched
    group by
        incident_id,
        spell,
        level

),

judged as (

    select
        watched.*,
        levels.rules,
        levels.occurred_at as reached_at,
        levels.known_at as reached_known_at,
        case
            when watched.level = 1 and watched.rule_tier = 'page' then 'watch'
            else watched.rule_tier
        end as tier,
        max(watched.level) over (
            partition by watched.incident_id, watched.spell
            order by levels.occurred_at asc, watched.level desc
            rows between unbounded preceding and 1 preceding
        ) as level_before
    from watched
    inner join levels
        on
            watched.incident_id = levels.incident_id
            and watched.spell = levels.spell
            and watched.level = levels.level
    where watched.rule_rank = 1

),

fired as (

    select
        judged.*,
        row_number() over (
            partition by judged.incident_id, judged.spell order by judged.level desc
        ) as badness,
        row_number() over (
            partition by judged.incident_id order by judged.spell desc, judged.level desc
        ) as recency
    from judged
    where
        judged.level_before is null
        or judged.level > judged.level_before

),

happened as (

    select
        incident_id,
        spell,
        case when level_before is null then 'trigger' else 'update' end as event,
        cast(level as varchar) as said,
        level,
        cost_date,
        reached_at as occurred_at,
        reached_known_at as known_at,
        cast(null as varchar) as said_by,
        cast(null as varchar) as reason
    from fired

    union all

    select
        incident_id,
        spell,
        'resolve' as event,
        'over' as said,
        level,
        resolved_date as cost_date,
        resolved_at as occurred_at,
        resolved_at as known_at,
        cast(null as varchar) as said_by,
        cast(null as varchar) as reason
    from fired
    where
        badness = 1
        and resolved_at is not null

    union all

    select
        states.incident_id,
        fired.spell,
        case when states.state = 'acknowledged' then 'acknowledge' else 'resolve' end as event,
        concat(states.state, cast({{ epoch_microseconds('states.set_at') }} as varchar)) as said,
        fired.level,
        fired.cost_date,
        states.set_at as occurred_at,
        states.set_at as known_at,
        states.set_by as said_by,
        states.reason
    from states
    inner join fired
        on
            states.incident_id = fired.incident_id
            and fired.recency = 1

),

expected as (

    select
        incident_id,
        min(set_at) as expected_at
    from states
    where state = 'expected'
    group by incident_id

),

final as (

    select
        md5(
            concat(
                happened.incident_id, '|', cast(happened.spell as varchar), '|', happened.said
            )
        ) as state_change_id,
        happened.incident_id,
        happened.event,
        happened.level,
        fired.tier,
        case when happened.level >= 3 then 'critical' else 'warning' end as severity,
        fired.scope_type,
        fired.scope_id,
        fired.period,
        fired.budget_id,
        fired.budget_usd,
        fired.feature,
        fired.team,
        coalesce(fired.owner, fired.rule_owner) as owner,
        fired.runbook,
        coalesce(fired.kill_switch, '') as kill_switch,
        fired.rules,
        happened.cost_date,
        happened.said_by,
        happened.reason,
        happened.occurred_at,
        happened.known_at
    from happened
    inner join fired
        on
            happened.incident_id = fired.incident_id
            and happened.spell = fired.spell
            and happened.level = fired.level
    left join expected
        on happened.incident_id = expected.incident_id
    where
        expected.expected_at is null
        or happened.event not in ('trigger', 'update')
        or happened.known_at <= expected.expected_at

)

select * from final
