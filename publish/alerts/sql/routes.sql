-- Grain: one row per route that holds on the day. A deployment's seed may leave columns out that
-- it does not use, so they are read by name.
select *
from seeds.alert_routes
where
    coalesce(cast(valid_from as date) <= $today, true)
    and coalesce(cast(valid_to as date) > $today, true)
order by cast(priority as integer), route_id
