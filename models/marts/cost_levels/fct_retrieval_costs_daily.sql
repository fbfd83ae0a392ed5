/*
    Grain: cost_date, tenant_id, feature.

    What a day's calls cost by kind of work: generation, embedding, rerank, retrieval and other sum
    to the billed cost. A table: a few rows a tenant and day.
*/
{% set kinds = ['generation', 'embedding', 'rerank', 'retrieval', 'other'] %}

with

costs as (

    select * from {{ ref('int_costs_summed_daily') }}

),

operation_kinds as (

    select * from {{ ref('operation_kinds') }}

),

kept as (

    select
        costs.*,
        {{ or_other('operation_kinds.operation_kind') }} as operation_kind,
        case
            when operation_kinds.operation_kind in ('embedding', 'rerank', 'retrieval')
                then costs.billed_cost_usd
            when costs.billed_cost_usd is not null then 0
        end as retrieval_side_cost_usd
    from costs
    left join operation_kinds
        on lower(costs.operation) = operation_kinds.operation_as_logged

),

final as (

    select
        cost_date,
        tenant_id,
        feature,
        cast(sum(call_count) as bigint) as call_count,
        cast(sum(unpriced_call_count) as bigint) as unpriced_call_count,
        {% for kind in ['generation', 'embedding', 'rerank', 'retrieval'] %}
            cast(sum(case when operation_kind = '{{ kind }}' then call_count else 0 end) as bigint)
                as {{ kind }}_call_count,
        {% endfor %}
        cast(sum(case
            when operation_kind = 'embedding' then input_tokens + output_tokens else 0
        end) as bigint) as embedding_tokens,
        cast(sum(case
            when operation_kind = 'generation' then input_tokens + output_tokens else 0
        end) as bigint) as generation_tokens,
        {% for kind in kinds %}
            cast(sum(case
                when operation_kind = '{{ kind }}' then billed_cost_usd
                when billed_cost_usd is not null then 0
            end) as decimal(38, 12)) as {{ kind }}_cost_usd,
        {% endfor %}
        cast(sum(billed_cost_usd) as decimal(38, 12)) as billed_cost_usd,
        {{ share_of('sum(retrieval_side_cost_usd)', 'sum(billed_cost_usd)') }}
            as retrieval_cost_share,
        sum(case
            when operation_kind = 'embedding' then input_tokens + output_tokens
            when operation_kind = 'generation' then -input_tokens - output_tokens
            else 0
        end) > 0 as has_more_embedding_than_generation_tokens
    from kept
    group by
        cost_date,
        tenant_id,
        feature

)

select * from final
