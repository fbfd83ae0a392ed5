/*
    Grain: incident_id. The driver that moved the cost most in the direction it moved.

    A rule of unit cost is blind to traffic and has its own measure of what is usual, so where one
    fired, unit cost did move; traffic always does. There traffic is the answer only beside other
    rules and with five times the dollars of any other driver, or if nothing else moved that way.
    is_unit_cost says that it is not.

    Where nothing but embeddings or single tenants fired, the workload's other dollars are noise:
    of those calls alone it is asked whether there were more of them or whether they became dearer.
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

usage as (

    select * from {{ ref('int_incident_usage_summed') }}

),

fired as (

    select
        incidents.incident_id,
        incidents.tenants,
        case
            when rules.metric = 'embed_ratio' then 'embeddings'
            when not {{ is_traffic_metric('rules.metric') }} then 'unit_cost'
            when rules.entity_type in ('workload_tenant', 'tenant') then 'tenants'
            else 'traffic'
        end as kind,
        case when rules.rule_id = incidents.opening_rule_id then rules.direction end
            as opening_direction
    from incidents
    inner join rules
        on {{ is_listed('rules.rule_id', 'incidents.rules') }}

),

kinds as (

    select
        incident_id,
        max(tenants) as tenants,
        max(case when kind = 'unit_cost' then 1 else 0 end) = 1 as has_unit_cost,
        min(kind) = 'unit_cost' and max(kind) = 'unit_cost' as has_only_unit_cost,
        case
            when min(kind) = max(kind) and min(kind) in ('embeddings', 'tenants') then min(kind)
        end as only_kind,
        max(opening_direction) as opening_direction
    from fired
    group by incident_id

),

-- Calls and dollars of what fired alone, before and after.
narrow_usage as (

    select
        kinds.incident_id,
        {% for side in ['before', 'after'] %}
            sum(
                case when usage.side = '{{ side }}' then usage.operation_count_twelfths else 0 end
            ) / 12.0 as calls_{{ side }},
            cast(
                sum(case when usage.side = '{{ side }}' then usage.cost_usd_twelfths else 0 end)
                as double
            ) / 12 as cost_{{ side }}_usd,
        {% endfor %}
        kinds.only_kind
    from kinds
    inner join usage
        on
            kinds.incident_id = usage.incident_id
            and (
                (kinds.only_kind = 'embeddings' and usage.operation = 'embeddings')
                or (
                    kinds.only_kind = 'tenants'
                    and {{ is_listed('usage.tenant_id', 'kinds.tenants') }}
                )
            )
    group by
        kinds.incident_id,
        kinds.only_kind

),

-- Half way between the two orders in which calls and their price can change.
narrow_parts as (

    select
        incident_id,
        only_kind,
        cost_after_usd - cost_before_usd as delta_usd,
        case
            when calls_before > 0 and calls_after > 0
                then
                    (calls_after - calls_before)
                    * (cost_before_usd / calls_before + cost_after_usd / calls_after) / 2
            else cost_after_usd - cost_before_usd
        end as calls_usd
    from narrow_usage
    where cost_after_usd > cost_before_usd

),

narrow_causes as (

    select
        incident_id,
        case
            when 2 * calls_usd >= delta_usd then 'volume'
            when only_kind = 'embeddings' then 'input_tokens'
        end as driver,
        cast(
            case when 2 * calls_usd >= delta_usd then calls_usd else delta_usd - calls_usd end
            as decimal(38, 12)
        ) as cost_delta_usd,
        2 * calls_usd < delta_usd as is_unit_cost
    from narrow_parts

),

sized as (

    select
        drivers.incident_id,
        drivers.driver,
        drivers.driver_number,
        drivers.cost_delta_usd,
        kinds.has_only_unit_cost,
        kinds.has_unit_cost,
        case
            when
                kinds.has_only_unit_cost or coalesce(kinds.opening_direction, 'above') = 'above'
                then 1
            else -1
        end as direction
    from drivers
    left join kinds
        on drivers.incident_id = kinds.incident_id

),

compared as (

    select
        incident_id,
        max(case when driver = 'volume' then cost_delta_usd * direction end) as volume_usd,
        max(case when driver <> 'volume' then cost_delta_usd * direction end) as other_usd
    from sized
    group by incident_id

),

directed as (

    select
        sized.incident_id,
        sized.driver,
        sized.driver_number,
        sized.cost_delta_usd,
        sized.direction,
        coalesce(
            sized.has_only_unit_cost
            or (
                sized.has_unit_cost
                and compared.other_usd > 0
                and compared.volume_usd < 5 * compared.other_usd
            )
            or narrow_causes.is_unit_cost,
            false
        ) as is_unit_cost,
        narrow_causes.driver as narrow_driver,
        narrow_causes.cost_delta_usd as narrow_delta_usd
    from sized
    inner join compared
        on sized.incident_id = compared.incident_id
    left join narrow_causes
        on sized.incident_id = narrow_causes.incident_id

),

ranked as (

    select
        *,
        row_number() over (
            partition by incident_id
            order by
                case when driver = narrow_driver then 0 else 1 end,
                case when is_unit_cost and driver = 'volume' then 1 else 0 end,
                cost_delta_usd * direction desc,
                driver_number
        ) as cause_rank
    from directed
    where
        cost_delta_usd * direction > 0
        or driver = narrow_driver

),

final as (

    select
        incident_id,
        driver as likely_cause,
        case when driver = narrow_driver then narrow_delta_usd else cost_delta_usd end
            as cause_cost_delta_usd,
        direction,
        is_unit_cost
    from ranked
    where cause_rank = 1

)

select * from final
