/*
    Grain: cost_month, rule_id, provider, from_tenant_id, from_feature, to_tenant_id, to_feature.

    What a rule shares out of a tenant and feature, and who carries which part of it. A key is
    measured on what no rule shares, so nothing goes round in circles. Where nobody has any of the
    key, the fallback key is used; where nobody has that, the row `(unallocated)` carries it.
*/
{% set pool = ['cost_month', 'rule_id', 'provider', 'from_tenant_id', 'from_feature'] %}
{% set keys = ['retrieval_calls', 'ledger_cost', 'call_count', 'equal'] %}

with

costs as (

    select * from {{ ref('int_costs_by_rule_monthly') }}

),

rules as (

    select * from {{ ref('shared_cost_rules') }}

),

pools as (

    select
        costs.cost_month,
        costs.rule_id,
        costs.provider,
        costs.tenant_id as from_tenant_id,
        costs.feature as from_feature,
        costs.billed_cost_usd as pool_cost_usd,
        case when rules.to_tenant_id = '=' then costs.tenant_id else rules.to_tenant_id end
            as wanted_tenant_id,
        case when rules.to_feature = '=' then costs.feature else rules.to_feature end
            as wanted_feature,
        rules.allocation_key,
        rules.fallback_key
    from costs
    inner join rules
        on costs.rule_id = rules.rule_id
    where costs.billed_cost_usd <> 0

),

carriers as (

    select
        cost_month,
        tenant_id,
        feature,
        cast(sum(retrieval_call_count) as decimal(38, 12)) as retrieval_calls,
        cast(greatest(coalesce(sum(billed_cost_usd), 0), 0) as decimal(38, 12)) as ledger_cost,
        cast(sum(call_count) as decimal(38, 12)) as call_count,
        cast(1 as decimal(38, 12)) as equal
    from costs
    where rule_id = ''
    group by cost_month, tenant_id, feature

),

candidates as (

    select
        pools.*,
        carriers.tenant_id as to_tenant_id,
        carriers.feature as to_feature,
    {% for column in ['allocation_key', 'fallback_key'] %}
        case pools.{{ column }}
            {% for key in keys %}
                when '{{ key }}' then carriers.{{ key }}
            {% endfor %}
        end as {{ column }}_weight{{ ',' if not loop.last }}
    {% endfor %}
    from pools
    inner join carriers
        on
            pools.cost_month = carriers.cost_month
            and pools.wanted_tenant_id in ('*', carriers.tenant_id)
            and pools.wanted_feature in ('*', carriers.feature)

),

based as (

    select
        *,
        coalesce(sum(allocation_key_weight) over pool, 0) > 0 as has_key,
        coalesce(sum(fallback_key_weight) over pool, 0) > 0 as has_fallback
    from candidates
    window pool as (partition by {{ pool | join(', ') }})

),

weighed as (

    select
        {{ pool | join(',\n        ') }},
        pool_cost_usd,
        to_tenant_id,
        to_feature,
        case when has_key then allocation_key else fallback_key end as allocation_key,
        not has_key as is_fallback,
        case when has_key then allocation_key_weight else fallback_key_weight end as key_quantity
    from based
    where
        (has_key and allocation_key_weight > 0)
        or (not has_key and has_fallback and fallback_key_weight > 0)

),

{{ largest_remainder(
    'weighed', 'pool_cost_usd', 'key_quantity', pool, ['to_tenant_id', 'to_feature']
) }},

-- What nobody can carry: on a row of its own, on the wanted feature where one is named.
unallocated as (

    select
        {% for column in pool %}
            pools.{{ column }},
        {% endfor %}
        '(unallocated)' as to_tenant_id,
        case when pools.wanted_feature = '*' then '(unallocated)' else pools.wanted_feature end
            as to_feature,
        'unallocated' as allocation_key,
        true as is_fallback,
        cast(null as decimal(38, 12)) as key_quantity,
        pools.pool_cost_usd as allocated_cost_usd
    from pools
    where not exists (
        select 1
        from weighed
        where {{ columns_equal('weighed', 'pools', pool) }}
    )

),

final as (

    select
        {{ pool | join(',\n        ') }},
        to_tenant_id,
        to_feature,
        allocation_key,
        is_fallback,
        key_quantity,
        shared_amount_usd as allocated_cost_usd
    from shared_out

    union all

    select * from unallocated

)

select * from final
