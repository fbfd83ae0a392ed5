/* Grain: cost_date, feature. What each feature cost, day by day. */
with

costs as (

    select * from {{ ref('fct_feature_costs_daily') }}

),

final as (

    select
        cost_date,
        feature,
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
