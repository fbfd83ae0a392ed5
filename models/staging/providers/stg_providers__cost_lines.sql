/*
    Grain: line_id, line_index.
    What providers charge. Only the current delivery of a bucket counts; amounts are as charged,
    before credits, in the currency beside them.
*/
with

source as (

    select * from {{ source('bills', 'provider_lines') }}

),

aliases as (

    select * from {{ ref('provider_aliases') }}

),

renamed as (

    select

        ---------- ids
        source.line_id,
        source.line_index,
        coalesce(aliases.provider, source.issuer) as provider,
        {{ plain_account_id('source.billing_account_id') }} as stated_account_id,
        source.billing_account_name,
        source.sub_account_id,
        source.sub_account_name,
        source.project_id,
        source.project_name,
        source.api_key_id,
        source.api_key_name,
        source.invoice_id,
        source.sku_id,
        source.bucket_key,
        source.landing_id,

        ---------- strings
        source.source,
        source.dataset,
        source.service,
        source.line_item,
        source.model,
        source.token_type,
        source.service_tier,
        source.context_window,
        source.inference_geo,
        source.speed,
        source.region,
        source.invoice_month,
        coalesce(source.charge_category, 'usage') as charge_category,
        source.pricing_unit,
        source.currency,
        source.tags,
        source.source_file,

        ---------- numerics
        source.quantity,
        source.unit,
        source.pricing_quantity,
        source.unit_price,
        source.amount,
        source.list_amount,
        source.credit_amount,
        source.effective_amount,
        source.conversion_rate,
        source.source_line,

        ---------- booleans
        coalesce(source.is_batch, false) as is_batch,

        ---------- dates and timestamps
        source.event_date,
        source.period_start_at,
        source.period_end_at,
        source.exported_at,
        source.landed_at

    from source
    left join aliases
        on source.issuer = aliases.provider_as_logged
    where source.is_current and source.line_kind = 'cost'

)

select * from renamed
