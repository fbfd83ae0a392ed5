/* Grain: provider, model. Every model that was called. */
with

costs as (

    select * from {{ ref('fct_model_costs_daily') }}

),

final as (

    select
        provider,
        model,
        min(cost_date) as first_cost_date,
        max(cost_date) as last_cost_date,
        sum(unpriced_call_count) > 0 as has_unpriced_calls
    from costs
    group by
        provider,
        model

)

select * from final
