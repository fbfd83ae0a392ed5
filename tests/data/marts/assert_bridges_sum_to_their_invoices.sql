/*
    The steps of a bridge sum to its total, and the totals of an invoice's parts to what the
    invoice states: its total, or the sum of its lines where it states none, to the last digit.
    Rows returned are invoices that do not.
*/
with

bridges as (

    select
        provider,
        invoice_id,
        case when invoice_id = '(not invoiced)' then billing_account_id else '' end
            as billing_account_id,
        sum(case when step < 90 then amount else 0 end) as steps,
        sum(case when step = 90 then amount else 0 end) as total
    from {{ ref('fct_invoice_bridge_monthly') }}
    group by
        provider,
        invoice_id,
        case when invoice_id = '(not invoiced)' then billing_account_id else '' end

),

invoices as (

    select
        provider,
        invoice_id,
        case
            when count(distinct invoice_total) = 1 then max(invoice_total)
            else sum(amount)
        end as stated
    from {{ ref('int_invoice_lines_keyed') }}
    group by provider, invoice_id

)

select
    coalesce(bridges.provider, invoices.provider) as provider,
    coalesce(bridges.invoice_id, invoices.invoice_id) as invoice_id,
    bridges.steps,
    bridges.total,
    invoices.stated
from bridges
full outer join invoices
    on
        bridges.provider = invoices.provider
        and bridges.invoice_id = invoices.invoice_id
where
    bridges.steps is distinct from bridges.total
    or (
        coalesce(bridges.invoice_id, '') <> '(not invoiced)'
        and bridges.total is distinct from invoices.stated
    )
