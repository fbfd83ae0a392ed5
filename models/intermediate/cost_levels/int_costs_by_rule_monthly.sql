{{ config(materialized='table') }}

/*
    Grain: cost_month, provider, tenant_id, feature, rule_id.
    The ledger of each month, split by the rule that shares it; an empty rule_id is what no rule
    shares. Months are months of the reporting zone. A table: a few rows a tenant and month.
*/
{% set matched_columns = ['tenant_id', 'feature', 'team', 'environment'] %}
{% set key = ['cost_month', 'provider', 'tenant_id', 'feature', 'rule_id'] %}

with

costs as (

    select * from {{ ref('int_costs_summed_daily') }}

),

operation_kinds as (

    select * from {{ ref('operation_kinds') }}

),

rules as (

    select * from {{ ref('shared_cost_rules') }}

),

kinds as (

    select
        costs.*,
        {{ billing_month_of('costs.cost_date') }} as cost_month,
        {{ or_other('operation_kinds.operation_kind') }} as operation_kind
    from costs
    left join operation_kinds
        on lower(costs.operation) = operation_kinds.operation_as_logged

),

-- Rules look at few combinations, which repeat day after day.
combinations as (

    select distinct
        cost_date,
        {{ matched_columns | join(',\n        ') }},
        workload_class,
        operation_kind
    from kinds

),

ranked as (

    select
        combinations.*,
        rules.rule_id,
        row_number() over (
            partition by
                combinations.cost_date,
                {% for column in matched_columns %}
                    combinations.{{ column }},
                {% endfor %}
                combinations.workload_class,
                combinations.operation_kind
            order by rules.priority, rules.rule_id
        ) as rule_rank
    from combinations
    inner join rules
        on
            {% for column in matched_columns %}
                rules.{{ column }} in ('*', combinations.{{ column }})
                and
            {% endfor %}
            lower(rules.workload_class) in ('*', lower(combinations.workload_class))
            and rules.operation_kind in ('*', combinations.operation_kind)
            and {{ is_valid_on('rules', 'combinations.cost_date') }}

),

labelled as (

    select
        kinds.*,
        coalesce(ranked.rule_id, '') as rule_id
    from kinds
    left join ranked
        on
            kinds.cost_date = ranked.cost_date
            and {{ columns_equal('kinds', 'ranked', matched_columns) }}
            and kinds.workload_class = ranked.workload_class
            and kinds.operation_kind = ranked.operation_kind
            and ranked.rule_rank = 1

),

final as (

    select
        {{ key | join(',\n        ') }},
        cast(sum(call_count) as bigint) as call_count,
        cast(sum(unpriced_call_count) as bigint) as unpriced_call_count,
        cast(sum(case
            when operation_kind in ('embedding', 'rerank', 'retrieval') then call_count else 0
        end) as bigint) as retrieval_call_count,
        cast(sum(billed_cost_usd) as decimal(38, 12)) as billed_cost_usd
    from labelled
    group by {{ key | join(', ') }}

)

select * from final
