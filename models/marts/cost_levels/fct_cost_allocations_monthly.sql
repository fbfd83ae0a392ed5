/*
    Grain: cost_month, allocation_level, rule_id, provider, from_tenant_id, from_feature,
    to_tenant_id, to_feature, allocation_key.

    Every dollar that moves between the cost levels: from where, to whom, by which key. Level
    `shared` moves cost of the ledger (rule_id is a row of shared_cost_rules), level `invoice`
    adds what invoices charge or give beyond it (rule_id is the component of the bridge).
*/
with

shared_costs as (

    select * from {{ ref('int_shared_costs_allocated_monthly') }}

),

invoice_costs as (

    select * from {{ ref('int_invoice_costs_allocated_monthly') }}

),

final as (

    select
        cost_month,
        'shared' as allocation_level,
        rule_id,
        provider,
        from_tenant_id,
        from_feature,
        to_tenant_id,
        to_feature,
        allocation_key,
        is_fallback,
        key_quantity,
        allocated_cost_usd
    from shared_costs

    union all

    select
        cost_month,
        'invoice' as allocation_level,
        component as rule_id,
        provider,
        '(invoice)' as from_tenant_id,
        '(invoice)' as from_feature,
        to_tenant_id,
        to_feature,
        allocation_key,
        is_fallback,
        key_quantity,
        allocated_cost_usd
    from invoice_costs

)

select * from final
