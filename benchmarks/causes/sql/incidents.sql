/*
    incidents: grain workload, week_number: at most one cause in a workload-week, drawn among those
    the workload can have, all as likely. It ends within its week.
    models: grain workload. What a workload's calls go to, beside its usual model.
*/
create or replace table models as
select
    workload,
    concat('model-', cast(input_usd_per_million as varchar)) as usual_model,
    concat('second-', cast(workload_number % 5 as varchar)) as second_model,
    concat('dear-', cast(workload_number % 3 as varchar)) as dear_model,
    concat('provider-', cast(workload_number % 3 as varchar)) as provider,
    case when uniform(seed, 'has second', workload_number) < 0.6
        then between_two(seed, 'second share', workload_number, 0.05, 0.4) else 0 end
        as second_share,
    exp(0.7 * normal(seed, 'second price', workload_number)) as second_price,
    between_two(seed, 'dear price', workload_number, 3, 6) as dear_price,
    -- charges that are not by token: searches, as a share of what the tokens cost
    case when uniform(seed, 'searches', workload_number) < 0.3
        then between_two(seed, 'search share', workload_number, 0.02, 0.2) else 0 end
        as search_share,
    uniform(seed, 'logs prompts', workload_number) < 0.7 as logs_prompt_version,
    uniform(seed, 'logs routes', workload_number) < 0.5 as logs_route_version,
    concat('team_', cast(workload_number % 6 as varchar)) as team
from workloads;

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

chosen as (

    select
        weeks.*,
        kinds.kind,
        cast(round(between_two(seed, 'long', place, kinds.shortest, kinds.longest)) as integer)
            as length,
        between_two(seed, 'incident size', place, kinds.smallest, kinds.largest) as drawn_size
    from weeks, kinds
    where
        (kind != 'cache_share' or cache_share > 0)
        and (kind != 'embed' or embed_share > 0)
    qualify row_number() over (partition by place order by drawn(seed, kind, place)) = 1

),

timed as (

    select
        *,
        week_number * 168
        + cast(floor(between_two(seed, 'start', place, 0, 168 - length)) as integer) as start_hour,
        1 + cast(drawn(seed, 'its tenant', place) % tenant_count as integer) as its_tenant
    from chosen

)

select
    timed.workload,
    timed.workload_number,
    timed.feature,
    timed.week_number,
    timed.place,
    timed.seed,
    timed.kind,
    timed.start_hour,
    timed.start_hour + timed.length as end_hour,
    case when kind = 'embed' then drawn_size / timed.embed_share else drawn_size end as size,
    timed.its_tenant as tenant_number,
    -- where it shows, if it is in one place
    case kind
        when 'runaway' then 'tenant_id'
        when 'model_mix' then 'model'
        when 'price' then case when models.second_share > 0 then 'model' end
        when 'embed' then 'operation'
    end as dimension,
    case kind
        when 'runaway' then pairs.tenant_id
        when 'model_mix' then models.dear_model
        when 'price' then models.usual_model
        when 'embed' then 'embeddings'
    end as value
from timed
inner join models on timed.workload = models.workload
inner join pairs
    on timed.workload = pairs.workload and timed.its_tenant = pairs.tenant_number
where
    timed.kind != 'runaway'
    or (pairs.first_hour <= timed.start_hour and pairs.end_hour >= timed.start_hour + timed.length);
