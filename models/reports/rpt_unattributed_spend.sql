/*
    Grain: api_key_id, project_id, endpoint, provider, model.
    Spend without a tenant or a feature, by the signature a mapping rule could match. Rank 1 is
    the rule most worth writing.
*/
with

costs as (

    select * from {{ ref('fct_unattributed_costs_daily') }}

),

signatures as (

    select
        api_key_id,
        project_id,
        endpoint,
        provider,
        model,
        min(first_hour_at) as first_hour_at,
        max(last_hour_at) as last_hour_at,
        cast(sum(call_count) as bigint) as call_count,
        cast(sum(call_count_without_tenant) as bigint) as call_count_without_tenant,
        cast(sum(call_count_without_feature) as bigint) as call_count_without_feature,
        cast(sum(unpriced_call_count) as bigint) as unpriced_call_count,
        cast(sum(billed_cost_usd) as decimal(38, 12)) as billed_cost_usd
    from costs
    group by
        api_key_id,
        project_id,
        endpoint,
        provider,
        model

),

final as (

    select
        row_number() over (
            order by
                billed_cost_usd desc nulls last,
                call_count desc,
                api_key_id asc,
                project_id asc,
                endpoint asc,
                provider asc,
                model asc
        ) as spend_rank,
        api_key_id,
        project_id,
        endpoint,
        provider,
        model,
        first_hour_at,
        last_hour_at,
        call_count,
        call_count_without_tenant,
        call_count_without_feature,
        unpriced_call_count,
        billed_cost_usd
    from signatures

)

select * from final
