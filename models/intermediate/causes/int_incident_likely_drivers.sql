/*
    Grain: incident_id. The driver that moved the cost most in the direction it moved.

    Where only rules of unit cost fired, traffic is not the answer: it is left out unless nothing
    else moved that way. is_unit_cost says so.
*/
with

incidents as (

    select * from {{ ref('int_incidents') }}

),

drivers as (

    select * from {{ ref('int_incident_drivers') }}

),

rules as (

    select * from {{ ref('alert_rules') }}

),

kinds as (

    select
        incidents.incident_id,
        max(
            case
                when
                    rules.metric in ('cost_usd', 'rest_cost_usd', 'call_count', 'embed_ratio')
                    then 1
                else 0
            end
        ) = 0 as is_unit_cost,
        max(case when rules.rule_id = incidents.opening_rule_id then rules.direction end)
            as opening_direction
    from incidents
    inner join rules
        on {{ is_listed('rules.rule_id', 'incidents.rules') }}
    group by incidents.incident_id

),

directed as (

    select
        drivers.incident_id,
        drivers.driver,
        drivers.driver_number,
        drivers.cost_delta_usd,
        coalesce(kinds.is_unit_cost, false) as is_unit_cost,
        case
            when kinds.is_unit_cost or coalesce(kinds.opening_direction, 'above') = 'above' then 1
            else -1
        end as direction
    from drivers
    left join kinds
        on drivers.incident_id = kinds.incident_id

),

ranked as (

    select
        *,
        row_number() over (
            partition by incident_id
            order by
                case when is_unit_cost and driver = 'volume' then 1 else 0 end,
                cost_delta_usd * direction desc,
                driver_number
        ) as cause_rank
    from directed
    where cost_delta_usd * direction > 0

),

final as (

    select
        incident_id,
        driver as likely_cause,
        cost_delta_usd as cause_cost_delta_usd,
        direction,
        is_unit_cost
    from ranked
    where cause_rank = 1

)

select * from final
