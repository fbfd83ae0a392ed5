/*
    Grain: provider, billing_month, cause.

    From what our log says to what the provider invoiced, in dollars, one row a cause. The causes
    of a provider's month sum to invoice minus estimate.
*/
with

bridge as (

    select * from {{ ref('fct_invoice_bridge_monthly') }}

),

invoices as (

    select
        provider,
        billing_month,
        max(case status when 'open' then 1 else 0 end) as is_open,
        max(case status when 'variance' then 1 else 0 end) as is_variance,
        max(case status when 'explained' then 1 else 0 end) as is_explained,
        max(case status when 'superseded' then 1 else 0 end) as is_superseded,
        max(case status when 'signed_off' then 1 else 0 end) as is_signed_off
    from {{ ref('fct_invoices_monthly') }}
    group by provider, billing_month

),

months as (

    select
        provider,
        billing_month,
        sum(case when step = 10 then amount_usd else 0 end) as estimate_usd,
        sum(case when step = 90 then amount_usd else 0 end) as invoice_usd
    from bridge
    group by provider, billing_month

),

causes as (

    select
        provider,
        billing_month,
        min(step) as step,
        cause,
        sum(amount_usd) as variance_usd
    from bridge
    where step not in (10, 90)
    group by provider, billing_month, cause

),

final as (

    select
        causes.provider,
        causes.billing_month,
        causes.cause,
        cast(months.estimate_usd as decimal(38, 12)) as estimate_usd,
        cast(months.invoice_usd as decimal(38, 12)) as invoice_usd,
        cast(causes.variance_usd as decimal(38, 12)) as variance_usd,
        {{ share_of('causes.variance_usd', 'months.estimate_usd') }} as variance_share,
        {{ verdict_of('causes.cause') }} as category,
        {{ next_action_of('causes.cause') }} as next_action,
        case
            when invoices.is_open = 1 then 'open'
            when invoices.is_variance = 1 then 'variance'
            when invoices.is_superseded = 1 then 'superseded'
            when invoices.is_explained = 1 then 'explained'
            when invoices.is_signed_off = 1 then 'signed_off'
            else 'matched'
        end as status
    from causes
    inner join months
        on
            causes.provider = months.provider
            and causes.billing_month = months.billing_month
    inner join invoices
        on
            causes.provider = invoices.provider
            and causes.billing_month = invoices.billing_month

)

select * from final
order by provider asc, billing_month asc, abs(variance_usd) desc, cause asc
