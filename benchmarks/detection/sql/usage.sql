/*
    Grain: hour_at, tenant_id, workload: the usage of an organisation as int_metrics_summed_hourly
    holds it, with the incidents of `incidents` where `is_struck`, else without.
*/
with

hours as (

    select
        hour_number,
        hour_number // 24 as day_number,
        hour_number // 168 as week_number,
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
        unit_noise * heavy(seed, 'unit', pair, day_number) as day_unit,
        uniform(seed, 'active', pair, day_number) < active_share as is_active
    from pairs, (select distinct day_number from hours)

),

-- Every week the team ships something: unit costs move a little for all tenants of it.
releases as (

    select
        workload,
        week_number,
        track.release_noise * sum(normal(workloads.seed, 'release',
            workload_number, week_number))
            over (partition by workload order by week_number) as released,
        0.03 * normal(workloads.seed, 'cache week', workload_number, week_number)
            as cache_moved
    from workloads, track, (select distinct week_number from hours)

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

),

struck as (

    select
        incidents.*,
        hours.hour_number as struck_hour,
        -- how far the incident has come, 0 to 1
        (hours.hour_number - start_hour + 1) / (end_hour - start_hour) as progress
    from incidents
    inner join hours
        on hours.hour_number >= start_hour and hours.hour_number < end_hour
    where $is_struck

),

rated as (

    select
        pairs.* exclude (seed),
        pairs.seed,
        hours.* exclude (day_number, week_number),
        struck.kind,
        coalesce(struck.size, 0) as size,
        coalesce(struck.progress, 0) as progress,
        struck.tenant_number = pairs.tenant_number as is_its_tenant,
        struck.workload_rate,
        
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
        * case when is_active then 1 else 0.02 end as quiet_mean,
        exp(
            released + day_unit
            -- prompts of one tenant resemble each other for some hours
            + pairs.unit_noise * heavy(seed, 'unit hours', pairs.pair, hours.hour_number // 6)
        ) as unit_factor,
        cache_moved
    from pairs
    cross join hours
    inner join walks
        on pairs.pair = walks.pair and hours.day_number = walks.day_number
    inner join releases
        on pairs.workload = releases.workload and hours.week_number = releases.week_number
    left join bursting
        on pairs.pair = bursting.pair and hours.hour_number = bursting.hour_number
    left join struck
        on pairs.workload = struck.workload and hours.hour_number = struck.struck_hour
    where hours.hour_number >= pairs.first_hour and hours.hour_number < pairs.end_hour

),

counted_calls as (

    select
        *,
        case
            when kind in ('volume_2x', 'level_35') then quiet_mean * (1 + size)
            when kind in ('weekend_burn', 'runaway') and is_its_tenant
                then quiet_mean + size * workload_rate
            else quiet_mean
        end as mean_operations,
        counted(mean_operations, normal(seed, 'operations', pair, hour_number)) as operations,
        case when kind = 'retry_storm' then size else 0 end as stormy,
        counted(
            operations * (retry_share * exp(0.3 * normal(seed, 'retry hour', pair, hour_number)) + stormy),
            normal(seed, 'retries', pair, hour_number)
        ) as retries,
        operations + retries as attempts
    from rated

),

mixed as (

    select
        *,
        least(attempts, counted(
            attempts * case when kind = 'model_drift' then size else fallback_share end,
            normal(seed, 'fallbacks', pair, hour_number)
        )) as fallbacks,
        input_tokens_a_call * input_factor * unit_factor
        * exp(0.9 / sqrt(greatest(attempts, 1)) * normal(seed, 'input hour', pair, hour_number))
        * case
            when kind in ('ctx_50', 'ctx_100') then 1 + size
            when kind = 'slow_drift' then 1 + size * progress
            when kind = 'runaway' and is_its_tenant then 1 + 2 * progress
            else 1
        end as input_a_call,
        output_tokens_a_call * unit_factor
        * exp(0.7 / sqrt(greatest(attempts, 1)) * normal(seed, 'output hour', pair, hour_number))
            as output_a_call,
        least(0.95, greatest(0,
            (cache_share + cache_moved * cast(cache_share > 0 as integer)
            + 0.03 * normal(seed, 'cache day', pair, hour_number // 24)
                * cast(cache_share > 0 as integer))
            * case when kind = 'cache_drop' then 1 - size else 1 end
        )) as cached
    from counted_calls

),

metered as (

    select
        *,
        cast(round(attempts * input_a_call * cached) as bigint) as cache_read_tokens,
        cast(round(attempts * input_a_call) as bigint) - cache_read_tokens
            as uncached_input_tokens,
        cast(round(attempts * output_a_call) as bigint) as output_tokens,
        -- documents re-indexed come in their own rhythm; a surge embeds them again and again
        cast(round(
            operations * (input_a_call + output_a_call) * embed_share
            * exp(0.4 * normal(seed, 'embed hour', pair, hour_number))
            * case when kind = 'embed' then size else 1 end
        ) as bigint) as embed_tokens
    from mixed

)

select
    cast(hour_at as date) as event_date,
    epoch_us(hour_at) // 3600000000 as hour_number,
    tenant_id,
    feature,
    workload_class,
    environment,
    workload,
    cast(sum(attempts) as bigint) as call_count,
    cast(sum(operations) as bigint) as operation_count,
    cast(sum(retries) as bigint) as retry_call_count,
    cast(sum(fallbacks) as bigint) as fallback_call_count,
    cast(sum(least(attempts, counted(attempts * 0.01, normal(seed, 'failures', pair, hour_number))
        + cast(0.8 * stormy / (1 + stormy) * attempts as bigint))) as bigint) as failed_call_count,
    cast(0 as bigint) as unpriced_call_count,
    cast(sum(uncached_input_tokens) as bigint) as uncached_input_tokens,
    cast(sum(cache_read_tokens) as bigint) as cache_read_tokens,
    cast(0 as bigint) as cache_write_tokens,
    cast(sum(output_tokens) as bigint) as output_tokens,
    cast(sum(embed_tokens) as bigint) as embed_tokens,
    cast(sum(uncached_input_tokens + cache_read_tokens + output_tokens) as bigint)
        as generation_tokens,
    cast(sum(
        (uncached_input_tokens + 0.1 * cache_read_tokens + 4 * output_tokens)
        * input_usd_per_million * 0.000001
        -- the fallback model costs four times as much
        * (1 + 3 * fallbacks / greatest(attempts, 1))
        + embed_tokens * 0.02 * 0.000001
    ) as decimal(38, 12)) as cost_usd
from metered
where attempts > 0
group by all
