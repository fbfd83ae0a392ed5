/*
    Grain: workload, week_number: at most one incident in a workload-week, drawn among the kinds
    the workload can have. It ends within its week. `kinds` holds the sizes of the track's seeds.
*/
create or replace table incidents as
with

weeks as (

    select
        workloads.*,
        week_number,
        100 * workload_number + week_number as place
    from workloads, track, range(track.warm_up_weeks, track.weeks) as numbers(week_number)
    where uniform(workloads.seed, 'struck', workload_number, week_number)
        < track.incident_share

),

possible as (

    select
        weeks.*,
        kinds.kind,
        kinds.shortest,
        kinds.longest,
        kinds.smallest,
        kinds.largest
    from weeks, kinds
    where
        (kind != 'cache_drop' or cache_share > 0)
        and (kind != 'embed' or embed_share > 0)
        and (kind != 'weekend_burn' or workload_class != 'batch')

),

chosen as (

    select *
    from possible
    qualify row_number() over (partition by place order by drawn(seed, kind, place)) = 1

),

timed as (

    select
        *,
        cast(round(between_two(seed, 'long', place, shortest, longest)) as integer) as length,
        between_two(seed, 'incident size', place, smallest, largest) as drawn_size
    from chosen

),

placed as (

    select
        *,
        week_number * 168 + case
            when kind = 'weekend_burn'
                then 5 * 24
                    + cast(floor(between_two(seed, 'start', place, 0, 48 - length)) as integer)
            else cast(floor(between_two(seed, 'start', place, 0, 168 - length)) as integer)
        end as start_hour,
        start_hour + length as end_hour
    from timed

),

-- A tenant that has not come yet, or has left, can't run away.
struck_tenants as (

    select
        placed.place,
        pairs.tenant_number
    from placed
    inner join pairs
        on
            placed.workload = pairs.workload
            and placed.start_hour >= pairs.first_hour
            and placed.end_hour <= pairs.end_hour
    qualify row_number() over (
        partition by placed.place
        order by drawn(placed.seed, 'its tenant', placed.place, pairs.tenant_number)
    ) = 1

)

select
    placed.workload,
    placed.workload_number,
    placed.week_number,
    placed.kind,
    placed.start_hour,
    placed.end_hour,
    case when placed.kind = 'embed' then placed.drawn_size / placed.embed_share
        else placed.drawn_size end as size,
    struck_tenants.tenant_number,
    placed.calls_an_hour as workload_rate
from placed
inner join struck_tenants on placed.place = struck_tenants.place;
