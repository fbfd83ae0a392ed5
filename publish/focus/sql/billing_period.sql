-- One row per issuer: closed when it invoiced the month and nothing of it waits for an invoice.
with

landed as (

    select
        provider,
        max(landed_at) as updated_at
    from staging.stg_invoices__invoice_lines
    where billing_month = strftime($first_day, '%Y-%m')
    group by provider

),

issuers as (

    select
        InvoiceIssuerName,
        BillingPeriodStart,
        BillingPeriodEnd,
        bool_and(InvoiceId is not null) as is_invoiced
    from focus_rows
    group by
        InvoiceIssuerName,
        BillingPeriodStart,
        BillingPeriodEnd

)

select
    issuers.BillingPeriodStart as BillingPeriodCreated,
    issuers.BillingPeriodEnd,
    coalesce(landed.updated_at, issuers.BillingPeriodStart) as BillingPeriodLastUpdated,
    issuers.BillingPeriodStart,
    case when issuers.is_invoiced then 'Closed' else 'Open' end as BillingPeriodStatus,
    issuers.InvoiceIssuerName
from issuers
left join landed
    on issuers.InvoiceIssuerName = landed.provider
order by issuers.InvoiceIssuerName
