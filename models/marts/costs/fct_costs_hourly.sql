{{ config(materialized='view') }}

/*
    Grain: hour_at, reporting_date, every dimension.

    The stored sums of int_call_costs_summed_hourly with their context spelt out. The API key,
    project and endpoint stay dimensions: what nobody claims is ranked by them, and provider
    exports are matched by them. reporting_date differs from the UTC date of hour_at only where
    the reporting zone is not UTC.
*/
with

sums as (

    select * from {{ ref('int_call_costs_summed_hourly') }}

),

contexts as (

    select * from {{ ref('int_call_contexts') }}

),

periods as (

    select * from {{ ref('int_attribution_periods') }}

),

final as (

    select

        ---------- dates and timestamps
        sums.hour_at,
        sums.event_date,
        sums.reporting_date,

        ---------- dimensions
        {{ or_unattributed('contexts.provider') }} as provider,
        {{ or_unattributed('contexts.model') }} as model,
        {{ or_unattributed('contexts.requested_model') }} as requested_model,
        {{ or_unattributed('contexts.operation') }} as operation,
        {{ or_unattributed('contexts.service_tier') }} as service_tier,
        {{ attributed('tenant_id', 'contexts') }} as tenant_id,
        {{ attributed('feature', 'contexts') }} as feature,
        {{ attributed('environment', 'contexts') }} as environment,
        {{ attributed('team', 'contexts') }} as team,
        {{ attributed('workload_class', 'contexts') }} as workload_class,
        {{ or_unattributed('contexts.workflow_id') }} as workflow_id,
        {{ or_unattributed('contexts.prompt_version') }} as prompt_version,
        {{ or_unattributed('contexts.route_policy_version') }} as route_policy_version,
        {{ or_unattributed('contexts.api_key_id') }} as api_key_id,
        {{ or_unattributed('contexts.project_id') }} as project_id,
        {{ or_unattributed('contexts.endpoint') }} as endpoint,
        contexts.outcome,
        sums.pricing_status,
        contexts.usage_status,
        {{ attribution_source('tenant_id', 'contexts') }} as tenant_attribution_source,
        {{ attribution_source('feature', 'contexts') }} as feature_attribution_source,

        ---------- counts
        sums.call_count,
        sums.operation_count,
        case when contexts.outcome <> 'success' then sums.call_count else 0 end
            as failed_call_count,
        sums.retry_call_count,
        sums.fallback_call_count,
        sums.served_call_count,
        case when sums.pricing_status = 'unpriced' then sums.call_count else 0 end
            as unpriced_call_count,
        case
            when contexts.usage_status in ('estimated', 'partial') then sums.call_count
            else 0
        end as estimated_call_count,

        ---------- tokens and other meters
        {% for meter in usage_columns() %}
            sums.{{ meter }},
        {% endfor %}
        sums.audio_seconds,

        ---------- money
        sums.billed_cost_usd,
        sums.chargeable_cost_usd,
        sums.source_cost_usd,
        sums.retried_cost_usd,
        sums.cache_read_cost_usd,
        sums.output_cost_usd,
        sums.other_cost_usd,
        sums.cache_savings_usd,
        sums.cache_miss_premium_usd

    from sums
    left join contexts
        on sums.context_id = contexts.context_id
    left join periods
        on {{ in_attribution_period('contexts', 'sums.hour_at') }}

)

select * from final
