/*
    Grain: line_id, line_index.
    Where a line belongs: account, day on the provider's clock, key of what it says was sold.
*/
with

lines as (

    select
        *,
        'cost' as line_kind,
        cast(null as varchar) as meter
    from {{ ref('stg_providers__cost_lines') }}

),

only_accounts as (

    select * from {{ ref('int_provider_only_accounts') }}

),

billing_clocks as (

    select * from {{ ref('billing_clocks') }}

),

placed as (

    select
        lines.*,
        coalesce(
            lines.stated_account_id, only_accounts.billing_account_id, '(default)'
        ) as billing_account_id,
        coalesce(billing_clocks.time_zone, 'UTC') as time_zone
    from lines
    left join only_accounts
        on lines.provider = only_accounts.provider
    left join billing_clocks
        on lines.provider = billing_clocks.provider

),

final as (

    select
        placed.*,
        {{ sku_key('placed') }} as sku_key,
        {{ date_in_zone_of('placed.period_start_at', 'placed.time_zone') }} as usage_date
    from placed

)

select * from final
