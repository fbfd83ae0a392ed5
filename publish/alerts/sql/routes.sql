-- Grain: one row per route that holds on the day.
select
    cast(route_id as varchar) as route_id,
    cast(priority as integer) as priority,
    coalesce(cast(tier as varchar), '') as tier,
    coalesce(cast(min_severity as varchar), '') as min_severity,
    coalesce(cast(owner as varchar), '') as owner,
    coalesce(cast(workload as varchar), '') as workload,
    coalesce(cast(channel as varchar), '') as channel,
    coalesce(cast(target_env as varchar), '') as target_env,
    coalesce(cast(secret_env as varchar), '') as secret_env,
    cast(cooldown_minutes as integer) as cooldown_minutes,
    cast(renotify_minutes as integer) as renotify_minutes,
    cast(escalate_after_minutes as integer) as escalate_after_minutes,
    coalesce(cast(escalate_to as varchar), '') as escalate_to,
    coalesce(cast(digest as varchar), '') as digest,
    coalesce(cast(quiet_hours as varchar), '') as quiet_hours
from seeds.alert_routes
where
    coalesce(cast(valid_from as date) <= $today, true)
    and coalesce(cast(valid_to as date) > $today, true)
order by priority, route_id
