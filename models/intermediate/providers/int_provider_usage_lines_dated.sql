/*
    Grain: line_id, line_index.
    Where a line belongs: account, day on the provider's clock, key of what it says was sold.
*/
with

lines as (

    select
        *,
        'usage' as line_kind,
        'usage' as charge_category,
        cast(null as varchar) as pricing_unit
    from {{ ref('stg_providers__usage_lines') }}

),

only_accounts as (

    select * from {{ ref('int_provider_only_accounts') }}

),

billing_clocks as (

    select * from {{ ref('billing_clocks') }}

),

{{ provider_lines_dated() }}

select * from final
