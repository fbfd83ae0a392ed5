/*
    quiet_means: grain pair, hour_number. Calls an hour that are expected of a tenant in a workload
    when nothing happens; seasons, noise in spells, bursts and idle days drawn from `track`.
*/
create or replace table quiet_means as
with

hours as (

    select
        hour_number,
        hour_number // 24 as day_number,
        hour_number % 24 as hour_of_day,
        (hour_number // 24) % 7 as weekday,
        track.started_at + to_hours(cast(hour_number as bigint)) as hour_at
    from track, range(0, track.weeks * 168) as numbers(hour_number)

),

walks as (

    select
        pairs.pair,
        day_number,
        walk_noise * sum(normal(seed, 'walk', pair, day_number))
            over (partition by pair order by day_number) as walked,
        day_noise * normal(seed, 'day', pair, day_number) as day_level,
        uniform(seed, 'active', pair, day_number) < active_share as is_active
    from pairs, (select distinct day_number from hours)

),

bursting as (

    select
        pair,
        hour_number,
        max(factor) as factor
    from bursts
    inner join hours
        on hours.hour_number >= bursts.from_hour and hours.hour_number < bursts.to_hour
    group by all

)

select
    pairs.pair,
    hours.hour_number,
    rate
    * exp(
        amplitude * cos(2 * pi() * (hour_of_day - peak_hour) / 24) - amplitude * amplitude / 4
        + weekly_growth * (hours.hour_number / 168.0)
        + walked + day_level
        -- noise that lasts for a few hours
        + hour_noise * (
            normal(seed, 'hour', pairs.pair, hours.hour_number)
            + normal(seed, 'hour', pairs.pair, hours.hour_number - 1)
            + normal(seed, 'hour', pairs.pair, hours.hour_number - 2)
        ) / sqrt(3)
    )
    * case when weekday >= 5 then weekend_factor else 1 end
    * coalesce(bursting.factor, 1)
    * case when is_active then 1 else 0.02 end as quiet_mean
from pairs
cross join hours
inner join walks
    on pairs.pair = walks.pair and hours.day_number = walks.day_number
left join bursting
    on pairs.pair = bursting.pair and hours.hour_number = bursting.hour_number
where hours.hour_number >= pairs.first_hour and hours.hour_number < pairs.end_hour;
