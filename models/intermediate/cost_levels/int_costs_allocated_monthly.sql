{{ config(materialized='table') }}

/*
    Grain: cost_month, provider, tenant_id, feature.
    Direct cost, what shared cost goes out and comes in, and what is left: the sum of a month and
    provider is the ledger's before and after.
*/
{% set key = ['cost_month', 'provider', 'tenant_id', 'feature'] %}
{% set no_cost = 'cast(null as decimal(38, 12))' %}

with

costs as (

    select * from {{ ref('int_costs_by_rule_monthly') }}

),

allocations as (

    select * from {{ ref('int_shared_costs_allocated_monthly') }}

),

lines as (

    select
        {{ key | join(',\n        ') }},
        call_count,
        unpriced_call_count,
        billed_cost_usd as direct_cost_usd,
        {{ no_cost }} as shared_out_cost_usd,
        {{ no_cost }} as shared_in_cost_usd
    from costs

    union all

    select
        cost_month,
        provider,
        from_tenant_id as tenant_id,
        from_feature as feature,
        0 as call_count,
        0 as unpriced_call_count,
        {{ no_cost }} as direct_cost_usd,
        allocated_cost_usd as shared_out_cost_usd,
        {{ no_cost }} as shared_in_cost_usd
    from allocations

    union all

    select
        cost_month,
        provider,
        to_tenant_id as tenant_id,
        to_feature as feature,
        0 as call_count,
        0 as unpriced_call_count,
        {{ no_cost }} as direct_cost_usd,
        {{ no_cost }} as shared_out_cost_usd,
        allocated_cost_usd as shared_in_cost_usd
    from allocations

),

summed as (

    select
        {{ key | join(',\n        ') }},
        cast(sum(call_count) as bigint) as call_count,
        cast(sum(unpriced_call_count) as bigint) as unpriced_call_count,
        cast(sum(direct_cost_usd) as decimal(38, 12)) as direct_cost_usd,
        cast(sum(shared_out_cost_usd) as decimal(38, 12)) as shared_out_cost_usd,
        cast(sum(shared_in_cost_usd) as decimal(38, 12)) as shared_in_cost_usd
    from lines
    group by {{ key | join(', ') }}

),

-- Nothing shared is 0; a cost nobody knows stays unknown unless something comes in.
final as (

    select
        {{ key | join(',\n        ') }},
        call_count,
        unpriced_call_count,
        direct_cost_usd,
        coalesce(shared_out_cost_usd, cast(0 as decimal(38, 12))) as shared_out_cost_usd,
        coalesce(shared_in_cost_usd, cast(0 as decimal(38, 12))) as shared_in_cost_usd,
        case
            when coalesce(direct_cost_usd, shared_in_cost_usd) is not null
                then cast(
                    coalesce(direct_cost_usd, 0)
                    - coalesce(shared_out_cost_usd, 0)
                    + coalesce(shared_in_cost_usd, 0) as decimal(38, 12)
                )
        end as allocated_cost_usd
    from summed

)

select * from final
