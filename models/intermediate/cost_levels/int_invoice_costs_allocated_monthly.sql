/*
    Grain: cost_month, provider, component, to_tenant_id, to_feature, allocation_key.

    The parts of a month's invoices that are loaded on what was used (credits, commitments, fees;
    see loaded_cost_components), shared by the key that allocation_rules gives finance, over the
    cost of the provider's calls after shared cost. A provider nobody called is shared over all
    cost of the month; without any, or where a cost centre pays, the row is `(unallocated)`. An
    amount in a currency nobody wrote a rate for is there, and unknown.
*/
{% set pool = ['cost_month', 'provider', 'component'] %}

with

bridge as (

    select * from {{ ref('fct_invoice_bridge_monthly') }}

),

components as (

    select * from {{ ref('loaded_cost_components') }}

),

rules as (

    select * from {{ ref('allocation_rules') }}

),

carriers as (

    select * from {{ ref('int_costs_allocated_monthly') }}

),

amounts as (

    select
        billing_month as cost_month,
        provider,
        component,
        {{ last_day_of('billing_month') }} as last_day,
        amount_usd is not null as is_converted,
        cast(sum(amount_usd) as decimal(38, 12)) as amount_usd
    from bridge
    where component <> 'invoice_total' and component <> 'metered_cost' and amount <> 0
    group by
        billing_month,
        provider,
        component,
        amount_usd is not null

),

-- grain: month, provider, component, is_converted, policy row
policies as (

    select
        amounts.*,
        components.is_loaded,
        row_number() over (
            partition by
                amounts.cost_month, amounts.provider, amounts.component, amounts.is_converted
            order by coalesce(components.valid_from, date '0001-01-01') desc
        ) as policy_rank
    from amounts
    inner join components
        on
            amounts.component = components.component
            and {{ is_valid_on('components', 'amounts.last_day') }}

),

-- A rule of the provider beats one of all; of two, the one that began later holds.
keyed as (

    select
        policies.cost_month,
        policies.provider,
        policies.component,
        policies.is_converted,
        policies.amount_usd,
        coalesce(rules.allocation_key, 'ledger_cost') as allocation_key,
        row_number() over (
            partition by
                policies.cost_month, policies.provider, policies.component, policies.is_converted
            order by
                case when rules.provider = '*' then 1 else 0 end,
                coalesce(rules.valid_from, date '0001-01-01') desc
        ) as key_rank
    from policies
    left join rules
        on
            policies.component = rules.component
            and rules.provider in ('*', policies.provider)
            and {{ is_valid_on('rules', 'policies.last_day') }}
    where policies.policy_rank = 1 and policies.is_loaded

),

pools as (

    select * from keyed
    where key_rank = 1 and is_converted and amount_usd <> 0

),

-- Carriers of the provider, else of all providers, with the weight of each key.
candidates as (

    select
        pools.cost_month,
        pools.provider,
        pools.component,
        pools.amount_usd,
        pools.allocation_key,
        carriers.tenant_id as to_tenant_id,
        carriers.feature as to_feature,
        max(case when carriers.provider = pools.provider then 1 else 0 end) as is_own,
        cast(greatest(coalesce(sum(carriers.allocated_cost_usd), 0), 0) as decimal(38, 12))
            as all_cost_usd,
        cast(greatest(coalesce(sum(case
            when carriers.provider = pools.provider then carriers.allocated_cost_usd
        end), 0), 0) as decimal(38, 12)) as own_cost_usd,
        sum(case when carriers.provider = pools.provider then carriers.call_count else 0 end)
            as own_call_count
    from pools
    inner join carriers
        on pools.cost_month = carriers.cost_month
    where pools.allocation_key not like 'cost_center:%'
    group by
        pools.cost_month,
        pools.provider,
        pools.component,
        pools.amount_usd,
        pools.allocation_key,
        carriers.tenant_id,
        carriers.feature

),

based as (

    select
        *,
        case allocation_key
            when 'call_count' then cast(own_call_count as decimal(38, 12))
            when 'equal' then cast(is_own as decimal(38, 12))
            else own_cost_usd
        end as key_weight,
        sum(own_cost_usd) over pool > 0 as has_own_cost,
        sum(all_cost_usd) over pool > 0 as has_cost
    from candidates
    window pool as (partition by {{ pool | join(', ') }})

),

measured as (

    select
        *,
        sum(key_weight) over (partition by {{ pool | join(', ') }}) > 0 as has_key
    from based

),

weighed as (

    select
        {{ pool | join(',\n        ') }},
        amount_usd,
        to_tenant_id,
        to_feature,
        case
            when has_key then allocation_key
            when has_own_cost then 'ledger_cost'
            when has_cost then 'ledger_cost_of_all_providers'
            else 'equal'
        end as allocation_key,
        not has_key as is_fallback,
        case
            when has_key then key_weight
            when has_own_cost then own_cost_usd
            when has_cost then all_cost_usd
            else cast(1 as decimal(38, 12))
        end as key_quantity
    from measured

),

carried as (

    select * from weighed
    where key_quantity > 0

),

{{ largest_remainder(
    'carried', 'amount_usd', 'key_quantity', pool, ['to_tenant_id', 'to_feature']
) }},

unallocated as (

    select
        keyed.cost_month,
        keyed.provider,
        keyed.component,
        '(unallocated)' as to_tenant_id,
        '(unallocated)' as to_feature,
        case
            when not keyed.is_converted then 'no exchange rate'
            when keyed.allocation_key like 'cost_center:%' then keyed.allocation_key
            else 'unallocated'
        end as allocation_key,
        keyed.allocation_key not like 'cost_center:%' as is_fallback,
        cast(null as decimal(38, 12)) as key_quantity,
        keyed.amount_usd as allocated_cost_usd
    from keyed
    where
        keyed.key_rank = 1
        and (
            not keyed.is_converted
            or (
                keyed.amount_usd <> 0
                and not exists (
                    select 1
                    from carried
                    where {{ columns_equal('carried', 'keyed', pool) }}
                )
            )
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
