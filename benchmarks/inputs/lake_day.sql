/*
    Grain: landed call attempt. The `$rows` calls of day number `$day`, evenly spread over it.

    A made-up company: 60 tenants and 12 features of very unequal size, 12 models of 3 providers,
    batch, agent, eval and realtime work, prompts deployed every two weeks. One call in 33 is a
    retry of the call before it, which failed; some lie on the two sides of midnight. Everything
    is a hash of the operation's number.
*/
with

numbers as (

    select
        n,
        $day::bigint * $rows + n as i,
        i % 33 = 4 as is_failed,
        i % 33 = 5 as is_retry,
        i - case when i % 33 = 5 then 1 else 0 end as operation
    from range($rows) as numbers(n)

),

drawn as (

    select
        *,
        cast(floor(60 * pow(hash(operation, 1) / 18446744073709551616.0, 2.5)) as integer)
            as tenant,
        cast(floor(12 * pow(hash(operation, 2) / 18446744073709551616.0, 1.7)) as integer)
            as topic,
        cast(hash(operation, 3) % 100 as integer) as lot,
        cast(hash(i, 4) % 1000 as integer) as chance,
        100 + cast(pow(hash(operation, 5) % 1000 / 1000.0, 3) * 12000 as bigint) as input,
        md5(concat('call', i)) as id
    from numbers

),

routed as (

    select
        *,
        topic = 0 and lot < 50 as in_batch,
        ([
            'gpt-5-mini', 'claude-haiku-4-5', 'gpt-5-nano', 'gpt-4.1-mini', 'gpt-5.4',
            'gpt-5.4-mini', 'gpt-5.6-sol', 'claude-sonnet-4-5', 'claude-opus-5',
            'gemini-2.5-flash', 'gemini-2.5-pro', 'text-embedding-3-small'
        ])[1 + case
            when topic = 0 then lot % 2
            when lot >= 80 then (topic + 5) % 12
            else topic
        end] as model_name,
        not is_failed and chance < 10 as from_cache,
        case
            when not is_failed then case when chance >= 997 then 'aborted' else 'success' end
            when chance < 300 then 'rate_limited'
            when chance < 700 then 'timeout'
            else 'error'
        end as result
    from drawn

),

metered as (

    select
        *,
        starts_with(model_name, 'text-') as is_embedding,
        starts_with(model_name, 'claude-') as is_claude,
        -- long contexts, priced by another tier
        input + case
            when chance % 500 = 7 and model_name in ('gpt-5.4', 'gemini-2.5-pro') then 300000
            else 0
        end as all_input,
        case when lot % 3 = 0 and not in_batch then input * 6 // 10 else 0 end as cached,
        case when is_claude and lot % 5 = 0 and not in_batch then input // 5 else 0 end as written
    from routed

)

select
    id as event_id,
    0 as component_index,
    'calls' as source,
    case
        when is_claude then 'anthropic'
        when starts_with(model_name, 'gemini-') then 'google'
        else 'openai'
    end as provider,
    model_name as model,
    model_name as requested_model,
    concat('req_', left(id, 20)) as request_id,
    concat('op-', operation) as operation_id,
    case when is_retry then 2 else 1 end as attempt,
    md5(concat('trace', operation // 3)) as trace_id,
    case when topic in (9, 10) then concat('workflow-', topic, '-', lot % 3) end as workflow_id,
    concat('session-', hash(operation, 6) % 20000) as session_id,
    concat('tenant-', lpad(cast(tenant as varchar), 3, '0')) as tenant_id,
    left(md5(concat('user', hash(operation, 7) % 5000)), 32) as user_id_hash,
    concat('feature-', topic) as feature,
    concat('/v1/feature-', topic) as endpoint,
    case when lot < 95 then 'production' when lot < 99 then 'staging' else 'development' end
        as environment,
    concat('team-', topic // 3) as team,
    case
        when in_batch then 'batch'
        when topic in (9, 10) then 'agent'
        when lot in (60, 61, 62) then 'eval'
        else 'realtime'
    end as workload_class,
    concat('v', (topic + $day) // 14) as prompt_version,
    concat('policy-', $day // 30) as route_policy_version,
    concat('build-', $day // 3) as deploy_version,
    case when is_embedding then 'embeddings' else 'chat' end as operation,
    concat('key-', least(tenant, 20)) as api_key_id,
    concat('project-', topic // 4) as project_id,
    in_batch as is_batch,
    lot % 2 = 0 as is_streamed,
    is_retry and chance % 7 = 0 as is_fallback,
    from_cache as is_cache_hit,
    result as outcome,
    case result when 'rate_limited' then 429 when 'error' then 500 when 'success' then 200 end
        as http_status,
    200 + hash(i, 8) % 9000 as latency_ms,
    50 + hash(i, 9) % 500 as time_to_first_token_ms,
    case when not is_failed then all_input - cached - written end as uncached_input_tokens,
    case when not is_failed then cached end as cache_read_tokens,
    case when not is_failed then written end as cache_write_5m_tokens,
    case when not is_failed and is_claude then 0 end as cache_write_1h_tokens,
    case
        when not is_failed
            then case when is_embedding then 0 else 20 + hash(i, 10) % 800 end
    end as output_tokens,
    case when not is_failed then case when is_embedding then 0 else hash(i, 11) % 20 end end
        as reasoning_tokens,
    case when is_failed then 'missing' when result = 'aborted' then 'partial' else 'reported' end
        as usage_status,
    'flat' as usage_dialect,
    0.001 * (1 + hash(i, 12) % 90) as source_cost_usd,
    chance <> 500 as is_current,
    make_timestamptz(
        $midnight + cast(floor(n * (86400000000.0 / $rows)) as bigint)
    ) as started_at,
    'reported' as started_at_source,
    'benchmark.ndjson' as source_file,
    n + 1 as source_line
from metered
