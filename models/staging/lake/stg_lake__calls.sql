/*
    Grain: event_id, component_index.
    Landing keeps older versions of a call; only the current one counts. The provider is brought
    to one spelling here, because every later join (prices, invoices) depends on it: this is the
    one join of the staging layer.
*/
with

source as (

    select * from {{ source('lake', 'calls') }}

),

aliases as (

    select * from {{ ref('provider_aliases') }}

),

renamed as (

    select

        ---------- ids
        source.event_id,
        source.component_index,
        source.request_id,
        source.operation_id,
        source.trace_id,
        source.run_id,
        source.workflow_id,
        source.agent_id,
        source.session_id,
        source.task_id,
        source.tenant_id,
        source.user_id_hash,
        source.api_key_id,
        source.project_id,
        source.landing_id,

        ---------- strings
        source.source,
        coalesce(aliases.provider, source.provider) as provider,
        source.model,
        source.requested_model,
        source.feature,
        source.endpoint,
        source.environment,
        source.team,
        source.workload_class,
        source.prompt_version,
        source.route_policy_version,
        source.deploy_version,
        source.operation,
        source.service_tier,
        source.region,
        source.inference_geo,
        source.speed,
        source.outcome,
        source.usage_status,
        source.usage_dialect,
        source.tags,
        source.source_file,

        ---------- numerics
        coalesce(source.attempt, 1) as attempt_number,
        source.http_status,
        source.latency_ms,
        source.time_to_first_token_ms,
        source.uncached_input_tokens,
        source.cache_read_tokens,
        source.cache_write_5m_tokens,
        source.cache_write_1h_tokens,
        source.output_tokens,
        source.reasoning_tokens,
        source.input_audio_tokens,
        source.cache_read_audio_tokens,
        source.output_audio_tokens,
        source.web_search_requests,
        source.code_execution_sessions,
        source.image_count,
        source.search_units,
        source.audio_seconds,
        source.source_cost_usd,
        source.provider_cost_usd,
        source.source_line,

        ---------- booleans
        source.is_batch,
        source.is_streamed,
        source.is_fallback,
        source.is_cache_hit,
        source.is_streamed_final,

        ---------- dates and timestamps
        source.event_date,
        source.started_at,
        source.observed_at,
        source.landed_at

    from source
    left join aliases
        on source.provider = aliases.provider_as_logged
    where source.is_current

)

select * from renamed
