/*
    Grain: provider, billing_account_id, billing_month, usage_date, model, meter, service_tier,
    step.

    Usage of one month that the provider charges in another: out of the month it was used in, into
    the month it is charged in, at our own price of its day. Usage on keys we do not log moves
    within step 32.
*/
with

exported as (

    select * from {{ ref('int_exported_quantities') }}
    where billing_month <> usage_month

),

compared as (

    select
        provider,
        billing_account_id,
        usage_date,
        model,
        meter,
        service_tier,
        max(case when is_tracked then 1 else 0 end) as is_tracked,
        max(unit_price_usd) as unit_price_usd
    from {{ ref('int_quantities_compared') }}
    group by provider, billing_account_id, usage_date, model, meter, service_tier

),

priced as (

    select
        exported.*,
        case when compared.is_tracked = 1 then 20 else 32 end as step,
        compared.unit_price_usd,
        cast(
            coalesce({{ usd_at('exported.quantity', 'compared.unit_price_usd') }}, 0)
            as decimal(38, 12)
        ) as amount_usd
    from exported
    left join compared
        on
            exported.provider = compared.provider
            and exported.billing_account_id = compared.billing_account_id
            and exported.usage_date = compared.usage_date
            and exported.model = compared.model
            and exported.meter = compared.meter
            and exported.service_tier = compared.service_tier
    where exported.meter <> 'requests'

),

moved as (

    select
        provider,
        billing_account_id,
        billing_month,
        usage_date,
        model,
        meter,
        service_tier,
        step,
        quantity,
        unit_price_usd,
        amount_usd
    from priced

    union all

    select
        provider,
        billing_account_id,
        usage_month as billing_month,
        usage_date,
        model,
        meter,
        service_tier,
        step,
        -quantity as quantity,
        unit_price_usd,
        -amount_usd as amount_usd
    from priced

),

final as (

    select
        provider,
        billing_account_id,
        billing_month,
        usage_date,
        model,
        meter,
        service_tier,
        step,
        cast(sum(quantity) as decimal(38, 6)) as quantity,
        max(unit_price_usd) as unit_price_usd,
        cast(sum(amount_usd) as decimal(38, 12)) as amount_usd
    from moved
    group by
        provider,
        billing_account_id,
        billing_month,
        usage_date,
        model,
        meter,
        service_tier,
        step

)

select * from final
