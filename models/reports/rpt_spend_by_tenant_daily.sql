/* Grain: cost_date, tenant_id. What each tenant cost, day by day. */
with

costs as (

    select * from {{ ref('fct_tenant_costs_daily') }}

),

final as (

    select
        cost_date,
        tenant_id,
        call_count,
        failed_call_count,
        unpriced_call_count,
        uncached_input_tokens,
        cache_read_tokens,
        cache_write_5m_tokens,
        cache_write_1h_tokens,
        output_tokens,
        reasoning_tokens,
        billed_cost_usd,
        chargeable_cost_usd,
        cache_savings_usd,
        unattributed_cost_usd,
        unpriced_call_share,
        unattributed_cost_share,
        estimated_call_share
    from costs

)

select * from final
