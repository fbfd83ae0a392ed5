-- Grain: one row per incident or budget's period, with how it stands.
with

told as (

    select * from alerts.alert_incidents
    union all by name
    select * from alerts.alert_budgets

)

select
    incident_id,
    arg_max(title, known_at) as title
from told
group by incident_id
order by max(known_at) desc, incident_id
