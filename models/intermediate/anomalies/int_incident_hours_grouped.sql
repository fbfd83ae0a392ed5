/*
    Grain: workload, hour_number; hours in which a page or watch rule of the workload fired and
    that belong to an incident, with the hour in which that incident opened.

    A page opens at once, a watch rule when two of three hours fired. While anything fires within
    twelve hours it goes on; what fires anew within a day after that is the same incident. A later
    hour never changes when an earlier incident opened, so its id holds.
*/
with

anomalies as (

    select * from {{ ref('fct_cost_anomalies_hourly') }}
    where tier in ('page', 'watch')

),

fired_hours as (

    select
        workload,
        {{ epoch_hour('hour_at') }} as hour_number,
        max(case when tier = 'page' then 1 else 0 end) as is_page
    from anomalies
    group by
        workload,
        {{ epoch_hour('hour_at') }}

),

followed as (

    select
        *,
        case
            when is_page = 1 then 1
            when count(*) over (
                partition by workload order by hour_number range between 2 preceding and current row
            ) >= 2 then 1
            else 0
        end as opens,
        case
            when hour_number - lag(hour_number) over (
                partition by workload order by hour_number
            ) <= 12 then 0
            else 1
        end as begins
    from fired_hours

),

spelled as (

    select
        *,
        sum(begins) over (
            partition by workload order by hour_number
            rows between unbounded preceding and current row
        ) as spell
    from followed

),

spells as (

    select
        workload,
        spell,
        min(case when opens = 1 then hour_number end) as opened_hour_number,
        max(hour_number) as last_hour_number
    from spelled
    group by
        workload,
        spell

),

-- Spells that opened nothing are no incident; they neither begin nor bridge one.
opened as (

    select
        *,
        case
            when opened_hour_number - lag(last_hour_number) over (
                partition by workload order by spell
            ) <= 36 then 0
            else 1
        end as is_new
    from spells
    where opened_hour_number is not null

),

numbered as (

    select
        *,
        sum(is_new) over (
            partition by workload order by spell
            rows between unbounded preceding and current row
        ) as incident_number
    from opened

),

named as (

    select
        *,
        min(opened_hour_number) over (partition by workload, incident_number)
            as first_hour_number
    from numbered

),

final as (

    select
        spelled.workload,
        spelled.hour_number,
        spelled.is_page = 1 as is_page,
        named.spell,
        named.opened_hour_number as spell_opened_hour_number,
        named.first_hour_number as opened_hour_number,
        md5(concat(spelled.workload, '|', cast(named.first_hour_number as varchar), '|hour'))
            as incident_id
    from spelled
    inner join named
        on
            spelled.workload = named.workload
            and spelled.spell = named.spell
            and spelled.hour_number >= named.opened_hour_number

)

select * from final
