{{ config(materialized='view') }}

/*
    Grain: call_id; one provider call attempt, or one billed component of it.
    A view over the lake: nothing at call grain is stored twice.
*/
with

calls as (

    select * from {{ ref('int_calls_priced') }}

),

periods as (

    select * from {{ ref('int_attribution_periods') }}

),

attempts as (

    select * from {{ ref('int_attempts_resolved') }}

),

matched as (

    select
        event_date,
        event_id,
        task_id
    from {{ ref('int_calls_matched_to_events') }}
    where decides_task

),

final as (

    select

        ---------- ids
        case
            when calls.component_index = 0 then calls.event_id
            else concat(calls.event_id, '#', cast(calls.component_index as varchar))
        end as call_id,
        calls.event_id,
        calls.component_index,
        calls.request_id,
        calls.operation_id,
        calls.trace_id,
        calls.run_id,
        calls.session_id,
        coalesce(calls.task_id, matched.task_id) as task_id,
        calls.task_id as logged_task_id,
        calls.agent_id,
        calls.user_id_hash,
        calls.price_id,
        calls.landing_id,

        ---------- dimensions
        {{ or_unattributed('calls.provider') }} as provider,
        {{ or_unattributed('calls.model') }} as model,
        {{ or_unattributed('calls.requested_model') }} as requested_model,
        {{ or_unattributed('calls.operation') }} as operation,
        {{ or_unattributed('calls.service_tier') }} as service_tier,
        {{ attributed('tenant_id') }} as tenant_id,
        {{ attributed('feature') }} as feature,
        {{ attributed('environment') }} as environment,
        {{ attributed('team') }} as team,
        {{ attributed('workload_class') }} as workload_class,
        {{ or_unattributed('calls.workflow_id') }} as workflow_id,
        {{ or_unattributed('calls.prompt_version') }} as prompt_version,
        {{ or_unattributed('calls.route_policy_version') }} as route_policy_version,
        {{ or_unattributed('calls.api_key_id') }} as api_key_id,
        {{ or_unattributed('calls.project_id') }} as project_id,
        {{ or_unattributed('calls.endpoint') }} as endpoint,
        calls.outcome,
        calls.pricing_status,
        calls.usage_status,
        {{ attribution_source('tenant_id') }} as tenant_attribution_source,
        {{ attribution_source('feature') }} as feature_attribution_source,
        periods.tenant_id_rule_id as tenant_attribution_rule_id,
        periods.feature_rule_id as feature_attribution_rule_id,

        ---------- strings
        calls.source,
        calls.deploy_version,
        calls.region,
        calls.inference_geo,
        calls.speed,
        calls.usage_dialect,
        calls.tags,
        calls.source_file,

        ---------- numerics
        calls.attempt_number,
        calls.http_status,
        calls.latency_ms,
        calls.time_to_first_token_ms,
        {% for meter in usage_columns() %}
            calls.{{ meter }},
        {% endfor %}
        calls.audio_seconds,
        calls.billed_cost_usd,
        cast(
            {{ chargeable_cost_usd(
                'calls.billed_cost_usd',
                "coalesce(attempts.is_served, calls.outcome = 'success')",
            ) }} as decimal(38, 12)
        ) as chargeable_cost_usd,
        calls.source_cost_usd,
        calls.provider_cost_usd,
        calls.cache_savings_usd,
        calls.source_line,

        ---------- booleans
        coalesce(attempts.is_served, calls.outcome = 'success') as is_served,
        calls.component_index = 0 and coalesce(
            attempts.is_operation_start,
            calls.attempt_number = 1
        ) as is_operation_start,
        calls.is_batch,
        calls.is_streamed,
        calls.is_fallback,
        calls.is_cache_hit,

        ---------- dates and timestamps
        calls.event_date,
        calls.started_at,
        calls.observed_at,
        calls.landed_at

    from calls
    left join periods
        on {{ in_attribution_period('calls', 'calls.started_at') }}
    left join attempts
        on
            calls.event_date = attempts.event_date
            and calls.event_id = attempts.event_id
    left join matched
        on
            calls.event_date = matched.event_date
            and calls.event_id = matched.event_id

)

select * from final
