/*
    Grain: state_change_id; everything that happened to incidents and that somebody may be told.

    trigger: it opened, or re-opened; update: it became worse; acknowledge, resolve: somebody said
    so, or it was quiet for twelve hours. What was said to be expected opens no more. The id is of
    the incident, the event and its hour, so a rebuild gives the same.
*/
with

grouped as (

    select * from {{ ref('int_incident_hours_grouped') }}

),

incidents as (

    select * from {{ ref('int_incidents') }}

),

incident_hours as (

    select * from {{ ref('int_incident_hours') }}

),

anomalies as (

    select * from {{ ref('fct_cost_anomalies_hourly') }}
    where tier in ('page', 'watch')

),

states as (

    select * from {{ ref('int_incident_states') }}

),

hours as (

    select
        grouped.incident_id,
        grouped.spell,
        grouped.spell_opened_hour_number,
        grouped.hour_number,
        max(
            case when anomalies.tier = 'page' then 10 else 0 end
            + case anomalies.severity when 'critical' then 2 when 'warning' then 1 else 0 end
        ) as grade
    from grouped
    inner join anomalies
        on
            grouped.workload = anomalies.workload
            and {{ hour_of_epoch('grouped.hour_number') }} = anomalies.hour_at
    group by
        grouped.incident_id,
        grouped.spell,
        grouped.spell_opened_hour_number,
        grouped.hour_number

),

graded as (

    select
        *,
        max(grade) over (
            partition by incident_id, spell order by hour_number
            rows between unbounded preceding and current row
        ) as grade_so_far,
        max(grade) over (
            partition by incident_id, spell order by hour_number
            rows between unbounded preceding and 1 preceding
        ) as grade_before
    from hours

),

spells as (

    select
        incident_id,
        spell,
        max(spell_opened_hour_number) as opened_hour_number,
        max(hour_number) as last_hour_number,
        max(grade) as grade,
        lead(1) over (partition by incident_id order by spell) as has_next
    from hours
    group by
        incident_id,
        spell

),

fired as (

    select
        incident_id,
        case when grade_before is null then 'trigger' else 'update' end as event,
        hour_number as occurred_hour_number,
        hour_number + 1 + {{ var('detection_watermark_hours') }} as known_hour_number,
        grade_so_far as grade
    from graded
    where
        grade_before is null
        or grade_so_far > grade_before

    union all

    select
        spells.incident_id,
        'resolve' as event,
        spells.last_hour_number + 13 as occurred_hour_number,
        spells.last_hour_number + 13 + {{ var('detection_watermark_hours') }} as known_hour_number,
        spells.grade
    from spells
    inner join incidents
        on spells.incident_id = incidents.incident_id
    where
        spells.has_next = 1
        or incidents.is_over

),

worst as (

    select
        incident_id,
        max(grade) as grade
    from hours
    group by incident_id

),

happened as (

    select
        fired.incident_id,
        fired.event,
        {{ hour_of_epoch('fired.occurred_hour_number') }} as occurred_at,
        {{ hour_of_epoch('fired.known_hour_number') }} as known_at,
        fired.occurred_hour_number,
        fired.grade,
        cast(null as varchar) as said_by,
        cast(null as varchar) as reason
    from fired

    union all

    select
        states.incident_id,
        case when states.state = 'acknowledged' then 'acknowledge' else 'resolve' end as event,
        states.set_at as occurred_at,
        states.set_at as known_at,
        {{ epoch_hour('states.set_at') }} as occurred_hour_number,
        worst.grade,
        states.set_by as said_by,
        states.reason
    from states
    inner join worst
        on states.incident_id = worst.incident_id

),

expected as (

    select
        incident_id,
        min(set_at) as expected_at
    from states
    where state = 'expected'
    group by incident_id

),

told as (

    select happened.*
    from happened
    left join expected
        on happened.incident_id = expected.incident_id
    where
        expected.expected_at is null
        or happened.event not in ('trigger', 'update')
        or happened.known_at <= expected.expected_at

),

spent as (

    select
        told.incident_id,
        told.event,
        told.occurred_at,
        sum(incident_hours.cost_usd - incident_hours.expected_usd) as excess_usd
    from told
    inner join incident_hours
        on
            told.incident_id = incident_hours.incident_id
            and told.occurred_hour_number >= incident_hours.hour_number
    where incident_hours.expected_usd is not null
    group by
        told.incident_id,
        told.event,
        told.occurred_at

),

final as (

    select
        md5(
            concat(
                told.incident_id, '|', told.event, '|',
                cast({{ epoch_microseconds('told.occurred_at') }} as varchar)
            )
        ) as state_change_id,
        told.incident_id,
        told.event,
        told.occurred_at,
        told.known_at,
        case when told.grade >= 10 then 'page' else 'watch' end as tier,
        case told.grade % 10 when 2 then 'critical' when 1 then 'warning' else 'info' end
            as severity,
        cast(spent.excess_usd as decimal(38, 12)) as excess_usd,
        told.said_by,
        told.reason
    from told
    left join spent
        on
            told.incident_id = spent.incident_id
            and told.event = spent.event
            and told.occurred_at = spent.occurred_at

)

select * from final
