-- Grain: one row per incident, with how it stands.
select
    incident_id,
    arg_max(title, known_at) as title
from alerts.alert_incidents
group by incident_id
order by max(known_at) desc, incident_id
