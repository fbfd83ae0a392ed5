-- One row per invoice and charge category: the grain at which Cost and Usage names its detail.
with

lines as (

    select
        provider,
        invoice_id,
        min(landed_at) as created_at,
        max(landed_at) as updated_at,
        max(issued_on) as issued_on,
        max(due_on) as due_on,
        max(invoice_status) as invoice_status,
        max(reference_invoice_id) as reference_invoice_id
    from staging.stg_invoices__invoice_lines
    group by
        provider,
        invoice_id

),

details as (

    select
        InvoiceIssuerName,
        InvoiceId,
        InvoiceDetailId,
        BillingAccountId,
        BillingCurrency,
        BillingPeriodStart,
        BillingPeriodEnd,
        ChargeCategory,
        cast(sum(BilledCost) as decimal(38, 12)) as BilledCost
    from focus_rows
    where InvoiceId is not null
    group by
        InvoiceIssuerName,
        InvoiceId,
        InvoiceDetailId,
        BillingAccountId,
        BillingCurrency,
        BillingPeriodStart,
        BillingPeriodEnd,
        ChargeCategory

)

select
    details.*,
    coalesce(lines.created_at, details.BillingPeriodEnd) as InvoiceDetailCreated,
    concat(ChargeCategory, ' of invoice ', details.InvoiceId) as InvoiceDetailDescription,
    cast(
        json_object('InvoiceId', details.InvoiceId, 'ChargeCategory', ChargeCategory) as varchar
    ) as InvoiceDetailGrain,
    coalesce(lines.updated_at, details.BillingPeriodEnd) as InvoiceDetailLastUpdated,
    lines.issued_on::timestamp at time zone 'UTC' as InvoiceIssueDate,
    case lines.invoice_status
        when 'draft' then 'Open'
        when 'voided' then 'Voided'
        else 'Issued'
    end as InvoiceIssueStatus,
    BillingCurrency as PaymentCurrency,
    BilledCost as PaymentCurrencyBilledCost,
    InvoiceDetailId as PaymentCurrencyInvoiceDetailId,
    lines.due_on::timestamp at time zone 'UTC' as PaymentDueDate,
    case
        when lines.due_on is null or lines.issued_on is null then 'Not stated'
        when lines.due_on <= lines.issued_on then 'Due on receipt'
        else concat('Net ', cast(lines.due_on - lines.issued_on as varchar))
    end as PaymentTerms,
    coalesce(lines.reference_invoice_id, details.InvoiceId) as ReferenceInvoiceId
from details
left join lines
    on details.InvoiceIssuerName = lines.provider and details.InvoiceId = lines.invoice_id
order by
    InvoiceIssuerName,
    InvoiceDetailId,
    BillingCurrency
