/*
    Grain: sku_key; one row per combination of what provider lines say of the thing sold.
    Thousands of lines say the same; each text is read once.
*/
with

usage_lines as (

    select * from {{ ref('stg_providers__usage_lines') }}

),

cost_lines as (

    select * from {{ ref('stg_providers__cost_lines') }}

),

combinations as (

    select
        provider,
        source,
        'usage' as line_kind,
        'usage' as charge_category,
        service,
        sku_id,
        line_item,
        model,
        token_type,
        service_tier,
        context_window,
        inference_geo,
        speed,
        is_batch,
        meter,
        unit,
        cast(null as varchar) as pricing_unit
    from usage_lines

    union

    select
        provider,
        source,
        'cost' as line_kind,
        charge_category,
        service,
        sku_id,
        line_item,
        model,
        token_type,
        service_tier,
        context_window,
        inference_geo,
        speed,
        is_batch,
        cast(null as varchar) as meter,
        unit,
        pricing_unit
    from cost_lines

),

final as (

    select
        {{ sku_key('combinations') }} as sku_key,
        combinations.*
    from combinations

)

select * from final
