{{ config(materialized='table') }}

/*
    Grain: incident_id. The hour it probably began: long windows fire hours after the fact.

    Within the window that opened it and the day before, each hour's dollars above what its
    operations would have cost (for a unit cost rule), or above the same hour of earlier weeks, are
    added up, less half of their mean over the window. Where that sum is lowest, the hours before
    are usual and the hours after are not.
*/
with

incidents as (

    select * from {{ ref('int_incidents') }}

),

hourly as (

    select * from {{ ref('int_metrics_hourly') }}
    where entity_type = 'workload'

),

compared as (

    select * from {{ ref('int_workload_usage_compared_hourly') }}

),

-- The four weeks before, of the hours looked at.
seasonal as (

    select
        incidents.incident_id,
        hourly.hour_number + weeks.hours_later as hour_number,
        cast(sum(hourly.cost_usd) as double) / count(*) as usual_cost_usd
    from incidents
    cross join (values (168), (336), (504), (672)) as weeks (hours_later)
    inner join hourly
        on
            incidents.workload = hourly.entity
            and hourly.hour_number + weeks.hours_later <= incidents.opened_hour_number
            and hourly.hour_number + weeks.hours_later
            > incidents.opened_hour_number - incidents.opening_window_hours - 24
    group by
        incidents.incident_id,
        hourly.hour_number + weeks.hours_later

),

looked_at as (

    select
        incidents.incident_id,
        incidents.opened_hour_number,
        incidents.opening_window_hours,
        hourly.hour_number,
        cast(hourly.cost_usd as double) - case
            when {{ is_traffic_metric('incidents.opening_metric') }}
                then coalesce(seasonal.usual_cost_usd, 0)
            else coalesce(
                cast(compared.expected_cost_usd as double),
                seasonal.usual_cost_usd,
                cast(hourly.cost_usd as double)
            )
        end as excess_usd
    from incidents
    inner join hourly
        on
            incidents.workload = hourly.entity
            and incidents.opened_hour_number >= hourly.hour_number
            and hourly.hour_number
            > incidents.opened_hour_number - incidents.opening_window_hours - 24
    left join compared
        on
            hourly.entity = compared.workload
            and hourly.hour_number = compared.hour_number
    left join seasonal
        on
            incidents.incident_id = seasonal.incident_id
            and hourly.hour_number = seasonal.hour_number

),

-- Rounded to a millionth: the order in which doubles are added must not move an onset.
drifts as (

    select
        incident_id,
        hour_number,
        cast(excess_usd as decimal(38, 6)) as excess_usd,
        cast(
            sum(
                case
                    when hour_number > opened_hour_number - opening_window_hours
                        then cast(excess_usd as decimal(38, 6))
                end
            ) over (partition by incident_id) * 0.5 / opening_window_hours as decimal(38, 6)
        ) as half_usd
    from looked_at

),

summed as (

    select
        incident_id,
        hour_number,
        sum(excess_usd - half_usd) over (
            partition by incident_id order by hour_number
            rows between unbounded preceding and 1 preceding
        ) as drift_before_usd
    from drifts

),

ranked as (

    select
        incident_id,
        hour_number,
        row_number() over (
            partition by incident_id
            order by coalesce(drift_before_usd, 0), hour_number desc
        ) as drift_rank
    from summed

),

final as (

    select
        incident_id,
        hour_number as onset_hour_number
    from ranked
    where drift_rank = 1

)

select * from final
