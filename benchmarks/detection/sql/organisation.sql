/*
    One made-up organisation: workloads, and tenants in each (`pairs`), drawn from `track`.

    workloads: grain workload. pairs: grain workload, tenant_id.
*/
create or replace table workloads as
select
    track.seed,
    number as workload_number,
    concat('feature_', lpad(cast(number as varchar), 2, '0')) as feature,
    case
        when uniform(seed, 'class', number) < 0.62 then 'realtime'
        when uniform(seed, 'class', number) < 0.78 then 'agent'
        when uniform(seed, 'class', number) < 0.92 then 'batch'
        else 'evals'
    end as workload_class,
    'production' as environment,
    concat(feature, '|', workload_class, '|', environment) as workload,
    250 * exp(0.9 * normal(seed, 'size', number)) as calls_an_hour,
    1500 * exp(0.6 * normal(seed, 'input', number)) as input_tokens_a_call,
    250 * exp(0.5 * normal(seed, 'output', number)) as output_tokens_a_call,
    [0.15, 0.4, 1.1, 3.0][cast(1 + drawn(seed, 'price', number) % 4 as integer)] as input_usd_per_million,
    case when uniform(seed, 'caches', number) < 0.5
        then between_two(seed, 'cache', number, 0.35, 0.8) else 0 end as cache_share,
    between_two(seed, 'retry', number, 0.005, 0.04) as retry_share,
    between_two(seed, 'fallback', number, 0, 0.04) as fallback_share,
    case when uniform(seed, 'embeds', number) < 0.4
        then between_two(seed, 'embed', number, 0.05, 0.5) else 0 end as embed_share,
    8 + cast(drawn(seed, 'tenants', number) % 10 as integer) as tenant_count
from track, range(1, 25) as numbers(number);

create or replace table pairs as
select
    workloads.*,
    number as tenant_number,
    -- a tenant uses several workloads: 40 tenants share the seats
    concat('tenant_', lpad(cast((drawn(workloads.seed, 'seat', workload_number) + number * 7) % 40
        as varchar), 2, '0')) as tenant_id,
    100 * workload_number + number as pair,
    exp(track.tenant_spread * normal(workloads.seed, 'weight', pair)) as weight,
    exp(0.45 * normal(workloads.seed, 'tenant input', pair)) as input_factor,
    between_two(workloads.seed, 'amplitude', pair, 0.3, 1.1) as amplitude,
    case when workload_class in ('batch', 'evals')
        then between_two(workloads.seed, 'peak', pair, 0, 6)
        else between_two(workloads.seed, 'peak', pair, 9, 20) end as peak_hour,
    case when workload_class = 'batch' then between_two(workloads.seed, 'weekend', pair, 0.7, 1.1)
        else between_two(workloads.seed, 'weekend', pair, 0.25, 0.9) end as weekend_factor,
    0.012 * normal(workloads.seed, 'growth', pair) + 0.006 as weekly_growth,
    track.day_noise * exp(0.35 * normal(workloads.seed, 'own day noise', pair)) as day_noise,
    track.hour_noise * exp(0.35 * normal(workloads.seed, 'own hour noise', pair)) as hour_noise,
    track.walk_noise,
    track.unit_noise * exp(0.6 * normal(workloads.seed, 'own unit noise', pair)) as unit_noise,
    1 - track.idle_share * uniform(workloads.seed, 'idle', pair) as active_share,
    case when uniform(workloads.seed, 'joins', pair) < track.joining_share
        then cast(between_two(workloads.seed, 'joined', pair, 0, track.weeks * 168) as integer)
        else 0 end as first_hour,
    case when uniform(workloads.seed, 'leaves', pair) < track.joining_share / 2
        then cast(between_two(workloads.seed, 'left', pair, 168, track.weeks * 168) as integer)
        else track.weeks * 168 end as end_hour
from workloads, track, range(1, 18) as numbers(number)
where number <= workloads.tenant_count;

create or replace table pairs as
select
    pairs.*,
    calls_an_hour * weight / sum(weight) over (partition by workload) as rate
from pairs;

-- Backfills, scripts, bots: what makes one tenant loud for some hours and is nobody's incident.
create or replace table bursts as
select
    pair,
    cast(floor(between_two(seed, 'burst at', 1000 * pair + number, 0, weeks * 168)) as integer)
        as from_hour,
    from_hour + 1 + cast(floor(-4 * ln(uniform(seed, 'burst long', 1000 * pair + number)))
        as integer) as to_hour,
    1 + track.burst_size * exp(0.7 * normal(seed, 'burst size', 1000 * pair + number))
        as factor
from pairs, range(200) as numbers(number), (select * exclude (seed) from track) as track
where number < track.bursts_a_week * weeks * 2 * uniform(seed, 'bursty', pair);
