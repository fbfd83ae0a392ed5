/*
    Each cost level of a month and what it must sum to, to the last digit: direct and allocated to
    the ledger's tenant costs, fully loaded to that and the bridge's amounts of the components
    that were loaded; and the allocations to what the levels say moved.
    Rows returned are months and levels that differ.
*/
with

levels as (

    select
        cost_month,
        sum(direct_cost_usd) as direct_cost_usd,
        sum(allocated_cost_usd) as allocated_cost_usd,
        sum(fully_loaded_cost_usd) as fully_loaded_cost_usd,
        sum(shared_in_cost_usd) as shared_in_cost_usd,
        sum(shared_out_cost_usd) as shared_out_cost_usd,
        sum(call_count) as call_count
    from {{ ref('fct_loaded_costs_monthly') }}
    group by cost_month

),

ledger as (

    select
        {{ billing_month_of('cost_date') }} as cost_month,
        sum(billed_cost_usd) as ledger_cost_usd,
        sum(call_count) as call_count
    from {{ ref('fct_tenant_costs_daily') }}
    group by {{ billing_month_of('cost_date') }}

),

allocations as (

    select
        cost_month,
        sum(case when allocation_level = 'shared' then allocated_cost_usd end) as shared_cost_usd
    from {{ ref('fct_cost_allocations_monthly') }}
    group by cost_month

),

loaded_components as (

    select distinct
        cost_month,
        provider,
        rule_id as component
    from {{ ref('fct_cost_allocations_monthly') }}
    where allocation_level = 'invoice'

),

invoices as (

    select
        bridge.billing_month as cost_month,
        sum(bridge.amount_usd) as invoice_cost_usd
    from {{ ref('fct_invoice_bridge_monthly') }} as bridge
    inner join loaded_components
        on
            bridge.billing_month = loaded_components.cost_month
            and bridge.provider = loaded_components.provider
            and bridge.component = loaded_components.component
    group by bridge.billing_month

),

-- Every month of any side, so that a month one of them lost is seen.
months as (

    select cost_month from levels
    union
    select cost_month from ledger
    union
    select cost_month from allocations
    union
    select cost_month from invoices

),

compared as (

    select
        months.cost_month,
        coalesce(ledger.call_count, 0) - coalesce(levels.call_count, 0) as lost_call_count,
        coalesce(levels.direct_cost_usd, 0) - coalesce(ledger.ledger_cost_usd, 0)
            as direct_excess_usd,
        coalesce(levels.allocated_cost_usd, 0) - coalesce(ledger.ledger_cost_usd, 0)
            as allocated_excess_usd,
        coalesce(levels.fully_loaded_cost_usd, 0)
        - coalesce(ledger.ledger_cost_usd, 0)
        - coalesce(invoices.invoice_cost_usd, 0) as fully_loaded_excess_usd,
        coalesce(levels.shared_in_cost_usd, 0) - coalesce(allocations.shared_cost_usd, 0)
            as shared_in_excess_usd,
        coalesce(levels.shared_out_cost_usd, 0) - coalesce(allocations.shared_cost_usd, 0)
            as shared_out_excess_usd
    from months
    left join levels
        on months.cost_month = levels.cost_month
    left join ledger
        on months.cost_month = ledger.cost_month
    left join allocations
        on months.cost_month = allocations.cost_month
    left join invoices
        on months.cost_month = invoices.cost_month

)

select * from compared
where
    lost_call_count <> 0
    or direct_excess_usd <> 0
    or allocated_excess_usd <> 0
    or fully_loaded_excess_usd <> 0
    or shared_in_excess_usd <> 0
    or shared_out_excess_usd <> 0
