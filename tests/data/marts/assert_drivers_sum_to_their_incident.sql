/*
    An incident's drivers sum to its excess, to the last digit: the drivers come from the cost model
    over the hourly costs, the excess from the dense hours of detection.
    Rows returned are incidents that differ.
*/
with

drivers as (

    select
        incident_id,
        sum(cost_delta_usd) as cost_delta_usd
    from {{ ref('fct_incident_drivers') }}
    group by incident_id

),

incidents as (

    select * from {{ ref('fct_incidents') }}

)

select
    drivers.incident_id,
    drivers.cost_delta_usd,
    incidents.excess_usd
from drivers
left join incidents
    on drivers.incident_id = incidents.incident_id
where
    incidents.incident_id is null
    or (
        incidents.excess_usd is not null
        and drivers.cost_delta_usd <> incidents.excess_usd
    )
