/*
    Only invoices that were there when their month was closed are signed off; a draft, or a month
    without an invoice, never is. A close is dated to the second.
    Rows returned are invoices signed off too early.
*/
with

invoices as (

    select * from {{ ref('fct_invoices_monthly') }}

),

drafts as (

    select distinct
        provider,
        invoice_id
    from {{ ref('int_invoice_lines_keyed') }}
    where invoice_status = 'draft'

),

closes as (

    select * from {{ ref('int_month_closes') }}

)

select
    invoices.provider,
    invoices.invoice_id,
    invoices.billing_month,
    invoices.landed_at,
    closes.closed_at
from invoices
left join drafts
    on
        invoices.provider = drafts.provider
        and invoices.invoice_id = drafts.invoice_id
left join closes
    on invoices.billing_month = closes.billing_month
where
    invoices.status in ('signed_off', 'superseded')
    and (
        invoices.invoice_id = '(not invoiced)'
        or drafts.invoice_id is not null
        or closes.closed_at is null
        or closes.closed_at < date_trunc('second', invoices.landed_at)
    )
