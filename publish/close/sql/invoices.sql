with

lines as (

    select
        invoice_id,
        provider,
        max(due_on) as due_on,
        left(
            sha256(
                string_agg(concat_ws('|', line_id, amount, currency, booked_rate), ',' order by
                    line_id)
            ),
            16
        ) as source_hash
    from staging.stg_invoices__invoice_lines
    group by
        invoice_id,
        provider

)

select
    invoices.provider,
    coalesce(invoices.billing_account_id, '(unmapped)') as billing_account_id,
    invoices.invoice_id,
    invoices.currency,
    cast(invoices.invoice_total_amount as decimal(38, 12)) as total,
    invoices.status,
    invoices.issued_on,
    lines.due_on,
    coalesce(invoices.functional_currency, invoices.currency) as functional_currency,
    case
        when coalesce(invoices.functional_currency, invoices.currency) = invoices.currency
            then cast(1 as decimal(38, 12))
        else invoices.booked_rate
    end as booked_rate,
    invoices.reference_invoice_id,
    coalesce(lines.source_hash, '') as source_hash
from marts.fct_invoices_monthly as invoices
left join lines
    on invoices.provider = lines.provider and invoices.invoice_id = lines.invoice_id
where invoices.billing_month = $month and invoices.invoice_id <> '(not invoiced)'
order by
    invoices.provider,
    invoices.invoice_id,
    invoices.billing_account_id,
    invoices.currency
