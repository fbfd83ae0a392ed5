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

        {{ provider_line_columns() }},

        ---------- of charges only
        source.invoice_id,
        source.invoice_month,
        coalesce(source.charge_category, 'usage') as charge_category,
        source.pricing_unit,
        source.currency,
        source.pricing_quantity,
        source.unit_price,
        source.amount,
        source.list_amount,
        source.credit_amount,
        source.effective_amount,
        source.conversion_rate

    from source
    left join aliases
        on source.issuer = aliases.provider_as_logged
    where source.is_current and source.line_kind = 'cost'

)

select * from renamed
