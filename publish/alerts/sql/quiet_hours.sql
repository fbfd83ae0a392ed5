-- Grain: one row per quiet window.
select
    cast(quiet_hours_id as varchar) as quiet_hours_id,
    coalesce(cast(timezone as varchar), '') as timezone,
    coalesce(cast(weekdays as varchar), '') as weekdays,
    coalesce(cast(start_time as varchar), '') as start_time,
    coalesce(cast(end_time as varchar), '') as end_time,
    coalesce(cast(except_severity as varchar), '') as except_severity
from seeds.alert_quiet_hours
order by quiet_hours_id, weekdays, start_time
