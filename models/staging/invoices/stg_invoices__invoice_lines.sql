/*
    Grain: invoice_id, issuer, line_number.
    Only the current delivery of an invoice counts.
*/
with

source as (

    select * from {{ source('bills', 'invoice_lines') }}

),

aliases as (

    select * from {{ ref('provider_aliases') }}

),

renamed as (

    select

        ---------- ids
        source.line_id,
        source.invoice_id,
        source.line_number,
        coalesce(aliases.provider, source.issuer) as provider,
        {{ plain_account_id('source.billing_account_id') }} as stated_account_id,
        source.project_id,
        source.reference_invoice_id,
        source.bucket_key,
        source.landing_id,

        ---------- strings
        source.billing_month,
        source.invoice_status,
        source.line_category,
        source.description,
        source.model,
        source.meter,
        source.service_tier,
        source.unit,
        source.currency,
        source.functional_currency,
        source.source_file,

        ---------- numerics
        source.quantity,
        source.unit_price,
        source.amount,
        source.booked_rate,
        source.invoice_total,
        source.source_line,

        ---------- dates and timestamps
        source.event_date,
        source.period_start_on,
        source.period_end_on,
        source.issued_on,
        source.due_on,
        source.landed_at

    from source
    left join aliases
        on source.issuer = aliases.provider_as_logged
    where source.is_current

)

select * from renamed
