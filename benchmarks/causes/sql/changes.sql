/*
    Grain: change_id. What was deployed, switched and priced: 24 changes a day that cause nothing,
    for four incidents in five the change that began it, within an hour before, and its undoing
    when the incident ends. Slow drift has no change.
*/
create or replace table planted as
select
    incidents.*,
    models.usual_model,
    models.provider,
    uniform(incidents.seed, 'change kind', place) as u,
    case kind
        when 'volume' then ['feature_flag', 'deploy', 'config']
        when 'retries' then ['deploy', 'config', 'model']
        when 'model_mix' then ['route_policy', 'model', 'feature_flag']
        when 'input_tokens' then ['prompt_version', 'deploy', 'config']
        when 'cache_share' then ['config', 'prompt_version', 'deploy']
        when 'output_tokens' then ['prompt_version', 'model', 'config']
        when 'price' then ['price', 'price', 'price']
        when 'untracked' then ['feature_flag', 'deploy', 'config']
        when 'unpriced' then ['model', 'route_policy', 'model']
        when 'embed' then ['deploy', 'config', 'feature_flag']
        when 'runaway' then ['deploy', 'feature_flag', 'prompt_version']
    end as types,
    types[case when u < 0.6 then 1 when u < 0.85 then 2 else 3 end] as change_type,
    epoch_us(track.started_at) + cast(
        (start_hour - uniform(incidents.seed, 'changed', place)) * 3600e6 as bigint
    ) as changed_us
from incidents
inner join models on incidents.workload = models.workload
cross join (select started_at from track) as track
where
    kind != 'slow_drift'
    and uniform(incidents.seed, 'is planted', place) < 0.8;

create or replace table changes as
with

decoys as (

    select
        concat('decoy-', cast(number as varchar)) as change_id,
        uniform(track.seed, 'decoy type', number) as u,
        case
            when u < 0.38 then 'deploy'
            when u < 0.56 then 'prompt_version'
            when u < 0.71 then 'config'
            when u < 0.85 then 'feature_flag'
            when u < 0.92 then 'route_policy'
            when u < 0.96 then 'model'
            when u < 0.97 then 'price'
            else 'other'
        end as change_type,
        epoch_us(track.started_at) + cast(
            uniform(track.seed, 'decoy at', number) * track.weeks * 168 * 3600e6 as bigint
        ) as changed_us,
        1 + cast(drawn(track.seed, 'decoy of', number) % 24 as integer) as workload_number,
        uniform(track.seed, 'decoy scope', number) as scope
    from track, range(0, 24 * 7 * 20) as numbers(number)
    where number < 24 * 7 * track.weeks

),

all_changes as (

    select
        change_id,
        change_type,
        changed_us,
        case when scope >= 0.1 then workloads.feature end as feature,
        case when scope < 0.2 then 'staging' when scope < 0.6 then 'production' end
            as environment,
        case when change_type = 'price' then models.usual_model end as model,
        case when change_type = 'price' then models.provider end as provider
    from decoys
    inner join workloads on decoys.workload_number = workloads.workload_number
    inner join models on workloads.workload = models.workload

    union all

    select
        concat('planted-', cast(place as varchar)) as change_id,
        change_type,
        changed_us,
        case when change_type != 'price' or u < 0.5 then feature end as feature,
        case when u < 0.3 then 'prod' else 'production' end as environment,
        case when change_type = 'price' then usual_model end as model,
        case when change_type = 'price' then provider end as provider
    from planted

    union all

    select
        concat('undone-', cast(place as varchar)) as change_id,
        change_type,
        changed_us + cast((end_hour - start_hour) * 3600e6 as bigint) as changed_us,
        case when change_type != 'price' or u < 0.5 then feature end as feature,
        case when u < 0.3 then 'prod' else 'production' end as environment,
        case when change_type = 'price' then usual_model end as model,
        case when change_type = 'price' then provider end as provider
    from planted

)

select
    cast(make_timestamptz(changed_us) as date) as event_date,
    change_id,
    'benchmark' as source,
    change_type,
    make_timestamptz(changed_us) as changed_at,
    feature,
    environment,
    model,
    provider,
    case when change_type in ('prompt_version', 'route_policy', 'deploy')
        then concat('v-', change_id) end as version,
    true as is_current,
    false as is_revoked
from all_changes;

-- What the calls of an hour say of their versions: the newest that was put into production.
create or replace table versions as
with

hours as (

    select
        workloads.workload,
        workloads.feature,
        hour_number,
        track.started_at + to_hours(cast(hour_number + 1 as bigint)) as hour_ends_at
    from workloads
    cross join (select started_at, weeks from track) as track
    cross join range(0, 2000) as numbers(hour_number)
    where hour_number < track.weeks * 168

),

-- a change is in all calls from the next full hour on
shipped as (

    select
        feature,
        change_type,
        version,
        date_trunc('hour', changed_at) + interval 2 hour as carried_at
    from changes
    where
        version is not null
        and feature is not null
        and coalesce(environment, '') != 'staging'

),

prompts as (select * from shipped where change_type = 'prompt_version'),

routes as (select * from shipped where change_type = 'route_policy')

select
    hours.workload,
    hours.hour_number,
    case when models.logs_prompt_version then coalesce(prompts.version, 'v-first') end
        as prompt_version,
    case when models.logs_route_version then coalesce(routes.version, 'v-first') end
        as route_policy_version
from hours
inner join models on hours.workload = models.workload
asof left join prompts
    on hours.feature = prompts.feature and hours.hour_ends_at >= prompts.carried_at
asof left join routes
    on hours.feature = routes.feature and hours.hour_ends_at >= routes.carried_at;
