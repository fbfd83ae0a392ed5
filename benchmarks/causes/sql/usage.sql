/*
    Grain: hour, tenant, model, operation, outcome: the usage of an organisation as
    int_call_costs_summed_hourly holds it, its context beside it, with the incidents of `incidents`
    where `is_struck`, else without. Each cause moves one factor, noise moves all of them.
*/
with

hours as (

    select
        hour_number,
        hour_number // 168 as week_number,
        track.started_at + to_hours(cast(hour_number as bigint)) as hour_at
    from track, range(0, track.weeks * 168) as numbers(hour_number)

),

-- Every week the team ships something: tokens move a little for all tenants of it.
releases as (

    select
        workload,
        week_number,
        track.release_noise * sum(normal(workloads.seed, 'release', workload_number, week_number))
            over (partition by workload order by week_number) as released,
        track.release_noise * sum(normal(workloads.seed, 'longer', workload_number, week_number))
            over (partition by workload order by week_number) as longer,
        0.03 * normal(workloads.seed, 'cache week', workload_number, week_number) as cache_moved,
        0.1 * normal(workloads.seed, 'mix week', workload_number, week_number) as mix_moved
    from workloads, track, (select distinct week_number from hours)

),

struck as (

    select
        incidents.workload,
        incidents.place,
        incidents.kind,
        incidents.size,
        incidents.tenant_number,
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
        pairs.*,
        models.* exclude (workload),
        versions.prompt_version,
        versions.route_policy_version,
        hours.hour_at,
        hours.hour_number,
        coalesce(struck.kind, '') as kind,
        coalesce(struck.size, 0) as size,
        coalesce(struck.progress, 0) as progress,
        coalesce(struck.place, 0) as place,
        struck.tenant_number = pairs.tenant_number as is_its_tenant,
        quiet_means.quiet_mean,
        pairs.calls_an_hour as workload_rate,
        releases.released,
        releases.longer,
        releases.cache_moved,
        releases.mix_moved,
        -- prompts of one tenant resemble each other for a day, and for some hours
        pairs.unit_noise * heavy(pairs.seed, 'unit', pairs.pair, hours.hour_number // 24)
        + pairs.unit_noise * heavy(pairs.seed, 'unit hours', pairs.pair, hours.hour_number // 6)
            as unit_moved,
        0.7 * pairs.unit_noise
        * heavy(pairs.seed, 'answers', pairs.pair, hours.hour_number // 12) as answer_moved,
        exp(
            releases.mix_moved
            + 0.2 * normal(pairs.seed, 'mix day', pairs.pair, hours.hour_number // 24)
            + 0.15 * normal(pairs.seed, 'mix hours', pairs.pair, hours.hour_number // 6)
        ) as mix_factor
    from quiet_means
    inner join pairs on quiet_means.pair = pairs.pair
    inner join hours on quiet_means.hour_number = hours.hour_number
    inner join models on pairs.workload = models.workload
    inner join versions
        on pairs.workload = versions.workload and hours.hour_number = versions.hour_number
    inner join releases
        on pairs.workload = releases.workload and hours.week_number = releases.week_number
    left join struck
        on pairs.workload = struck.workload and hours.hour_number = struck.struck_hour

),

counted_calls as (

    select
        *,
        case
            when kind = 'volume' then quiet_mean * (1 + size)
            -- an agent's loop: more steps of one tenant's runs
            when kind = 'runaway' and is_its_tenant then quiet_mean + size * workload_rate
            else quiet_mean
        end as mean_operations,
        counted(mean_operations, normal(seed, 'operations', pair, hour_number)) as operations,
        counted(
            operations * (
                retry_share * exp(0.3 * normal(seed, 'retry hour', pair, hour_number))
                + case when kind = 'retries' then size else 0 end
            ),
            normal(seed, 'retries', pair, hour_number)
        ) as retries
    from rated

),

mixed as (

    select
        *,
        least(0.9, fallback_share * mix_factor) as dear_share,
        least(0.9, second_share * mix_factor) as its_second_share,
        -- what moves away from the usual model, and where it goes
        case when kind in ('model_mix', 'unpriced') then size else 0 end as moved_share,
        counted(
            operations * (dear_share + case when kind = 'model_mix'
                then moved_share * greatest(1 - dear_share - its_second_share, 0) else 0 end),
            normal(seed, 'dear', pair, hour_number)
        ) as drawn_dear,
        counted(operations * its_second_share, normal(seed, 'second', pair, hour_number))
            as drawn_second,
        counted(
            operations * case when kind = 'unpriced'
                then moved_share * greatest(1 - dear_share - its_second_share, 0) else 0 end,
            normal(seed, 'new', pair, hour_number)
        ) as drawn_new,
        least(operations, drawn_dear) as dear,
        least(operations - dear, drawn_second) as seconds,
        least(operations - dear - seconds, drawn_new) as newest,
        input_tokens_a_call * input_factor
        * exp(released + unit_moved
            + 0.9 / sqrt(greatest(operations, 1)) * normal(seed, 'input hour', pair, hour_number))
        * case
            when kind = 'input_tokens' then 1 + size
            when kind = 'slow_drift' then 1 + size * progress
            else 1
        end as input_a_call,
        output_tokens_a_call
        * exp(longer + 0.6 * unit_moved + answer_moved
            + 0.7 / sqrt(greatest(operations, 1)) * normal(seed, 'output hour', pair, hour_number))
        * case when kind = 'output_tokens' then 1 + size else 1 end as output_a_call,
        least(0.95, greatest(0,
            (cache_share + case when cache_share > 0 then cache_moved
                + 0.03 * normal(seed, 'cache day', pair, hour_number // 24) else 0 end)
            * case when kind = 'cache_share' then 1 - size else 1 end
        )) as cached
    from counted_calls
    where operations + retries > 0

),

-- calls by what they went to; attempts that failed cost their input and part of an answer
cut as (

    select
        *,
        unnest([
            {
                'model': usual_model, 'dollars': input_usd_per_million
                    * case when kind = 'price' then 1 + size else 1 end,
                'calls': operations - dear - seconds - newest, 'longer_by': 1.0, 'is_priced': true,
                'is_fallback': false
            },
            {
                'model': second_model, 'dollars': input_usd_per_million * second_price,
                'calls': seconds, 'longer_by': 0.8, 'is_priced': true, 'is_fallback': false
            },
            {
                'model': dear_model, 'dollars': input_usd_per_million * dear_price,
                'calls': dear, 'longer_by': 1.1, 'is_priced': true,
                -- one shift in two is a route's, the other a fallback nobody saw
                'is_fallback': kind != 'model_mix' or place % 2 = 0
            },
            {
                'model': 'model-of-tomorrow', 'dollars': 0.0, 'calls': newest,
                'longer_by': 1.0, 'is_priced': false, 'is_fallback': false
            }
        ]) as slice
    from mixed

),

attempted as (

    select
        cut.* exclude (slice),
        slice.*,
        is_failed,
        case
            when is_failed
                then cast(round(retries * slice.calls / greatest(operations, 1)) as bigint)
            else slice.calls
        end as attempts
    from cut
    cross join (values (false), (true)) as outcomes (is_failed)
    where slice.calls > 0

),

metered as (

    select
        *,
        cast(round(attempts * input_a_call * cached) as bigint) as cache_read_tokens,
        cast(round(attempts * input_a_call) as bigint) - cache_read_tokens
            as uncached_input_tokens,
        cast(round(attempts * output_a_call * longer_by * case when is_failed then 0.5 else 1 end)
            as bigint) as output_tokens,
        -- searches and the like, which no token pays for
        cast(round(
            attempts * (search_share + case when kind = 'untracked' then size else 0 end)
            * exp(0.3 * normal(seed, 'searches', pair, hour_number))
            * (input_tokens_a_call + 4 * output_tokens_a_call) * input_usd_per_million * 1e-6
            * case when is_failed then 0 else 1 end,
            9
        ) as decimal(38, 12)) as search_cost_usd
    from attempted
    where attempts > 0

),

chats as (

    select
        *,
        'chat' as operation,
        case when is_priced
            then cast(round(uncached_input_tokens * dollars * 1e-6, 12) as decimal(38, 12)) end
            as input_cost_usd,
        case when is_priced
            then cast(round(0.1 * cache_read_tokens * dollars * 1e-6, 12) as decimal(38, 12)) end
            as read_cost_usd,
        case when is_priced
            then cast(round(4 * output_tokens * dollars * 1e-6, 12) as decimal(38, 12)) end
            as output_cost_usd,
        case when is_priced then search_cost_usd end as other_cost_usd
    from metered

),

-- documents re-indexed come in their own rhythm, 20,000 tokens a call; a surge embeds them again
-- and again
embedded as (

    select
        *,
        operations * (input_a_call + output_a_call) * embed_share
        * exp(0.4 * normal(seed, 'embed hour', pair, hour_number)) as usual_embed_tokens,
        case when kind = 'embed' then greatest(size, 1) else 1 end as times,
        cast(round(usual_embed_tokens * times) as bigint) as embed_tokens
    from mixed
    where embed_share > 0

),

rows_of_usage as (

    select
        hour_at,
        tenant_id,
        feature,
        workload_class,
        environment,
        team,
        provider,
        model,
        operation,
        case when is_failed then 'timeout' else 'success' end as outcome,
        prompt_version,
        route_policy_version,
        case when is_priced then 'priced' else 'unpriced' end as pricing_status,
        attempts as call_count,
        case when is_failed then 0 else attempts end as operation_count,
        case when is_failed then attempts else 0 end as retry_call_count,
        case when is_fallback then attempts else 0 end as fallback_call_count,
        uncached_input_tokens,
        cache_read_tokens,
        output_tokens,
        input_cost_usd + read_cost_usd + output_cost_usd + other_cost_usd as billed_cost_usd,
        read_cost_usd as cache_read_cost_usd,
        output_cost_usd,
        other_cost_usd
    from chats

    union all

    select
        hour_at,
        tenant_id,
        feature,
        workload_class,
        environment,
        team,
        provider,
        'embedder' as model,
        'embeddings' as operation,
        'success' as outcome,
        null as prompt_version,
        null as route_policy_version,
        'priced' as pricing_status,
        cast(ceil(ceil(usual_embed_tokens / 20000) * times) as bigint) as call_count,
        call_count as operation_count,
        0 as retry_call_count,
        0 as fallback_call_count,
        embed_tokens as uncached_input_tokens,
        0 as cache_read_tokens,
        0 as output_tokens,
        cast(round(embed_tokens * 0.02 * 1e-6, 12) as decimal(38, 12)) as billed_cost_usd,
        cast(0 as decimal(38, 12)) as cache_read_cost_usd,
        cast(0 as decimal(38, 12)) as output_cost_usd,
        cast(0 as decimal(38, 12)) as other_cost_usd
    from embedded
    where embed_tokens > 0

)

select
    cast(hour_at as date) as event_date,
    cast(hour_at as date) as reporting_date,
    rows_of_usage.*,
    hash(concat_ws('|', tenant_id, feature, provider, model, operation, outcome,
        coalesce(prompt_version, '-'), coalesce(route_policy_version, '-'))) as context_id
from rows_of_usage
