/*
    Grain: provider, billing_account_id, billing_month, meter.

    Tools that a provider charges without saying for which model. Our ledger and the usage export
    name one: there too such a tool has none, or the same searches would be missing under one name
    and new under another. `service_tier` is the one they are charged in, if it is one.
*/
with

charges as (

    select * from {{ ref('int_provider_costs_daily') }}
    where
        charge_category = 'usage'
        and meter not in ('unparsed', 'out_of_scope')

),

final as (

    select
        provider,
        billing_account_id,
        billing_month,
        meter,
        case when min(service_tier) = max(service_tier) then max(service_tier) end as service_tier
    from charges
    group by provider, billing_account_id, billing_month, meter
    having min(model) = '(no model)' and max(model) = '(no model)'

)

select * from final
