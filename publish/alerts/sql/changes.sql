-- Grain: one row per state change of an incident, or of a budget's period. The session's zone is
-- UTC.
with

told as (

    select * from alerts.alert_incidents
    union all by name
    select * from alerts.alert_budgets

)

select
    cast(state_change_id as varchar) as state_change_id,
    cast(dedup_key as varchar) as dedup_key,
    cast(incident_id as varchar) as incident_id,
    cast(event as varchar) as event,
    cast(occurred_at as timestamptz) as occurred_at,
    cast(coalesce(known_at, occurred_at) as timestamptz) as known_at,
    coalesce(cast(tier as varchar), 'page') as tier,
    coalesce(cast(severity as varchar), 'warning') as severity,
    coalesce(cast(workload as varchar), '') as workload,
    coalesce(cast(feature as varchar), '') as feature,
    coalesce(cast(environment as varchar), '') as environment,
    coalesce(cast(team as varchar), '') as team,
    coalesce(cast(owner as varchar), '') as owner,
    coalesce(cast(title as varchar), '') as title,
    coalesce(cast(body as varchar), '') as body,
    coalesce(cast(runbook as varchar), '') as runbook,
    coalesce(cast(kill_switch as varchar), '') as kill_switch,
    cast(excess_usd as decimal(38, 12)) as excess_usd,
    coalesce(cast(rules as varchar), '') as rules,
    coalesce(cast(likely_cause as varchar), '') as likely_cause,
    coalesce(cast(linked_change as varchar), '') as linked_change
from told
order by
    known_at,
    occurred_at,
    case event
        when 'trigger' then 1
        when 'update' then 2
        when 'acknowledge' then 3
        else 4
    end,
    state_change_id
