/*
    Every dollar our ledger knows, every amount an export charges and every invoice line is in
    exactly one reconciliation line: the sums of each side are the sums of where it comes from.
    Rows returned are sides that lost or doubled something.
*/
with

lines as (

    select * from {{ ref('fct_invoice_reconciliation_monthly') }}

),

sides as (

    select
        'ledger' as side,
        provider,
        'USD' as currency,
        sum(metered_cost_usd) as found,
        0 as expected
    from lines
    group by provider

    union all

    select
        'ledger' as side,
        provider,
        'USD' as currency,
        0 as found,
        coalesce(sum(cost_usd), 0) as expected
    from {{ ref('int_metered_usage_daily') }}
    group by provider

    union all

    select
        'export' as side,
        provider,
        currency,
        coalesce(sum(exported_cost), 0) as found,
        0 as expected
    from lines
    group by provider, currency

    union all

    select
        'export' as side,
        provider,
        currency,
        0 as found,
        sum(cost) + coalesce(sum(credit), 0) as expected
    from {{ ref('int_provider_costs_daily') }}
    group by provider, currency

    union all

    select
        'invoice' as side,
        provider,
        currency,
        coalesce(sum(invoiced_cost), 0) as found,
        0 as expected
    from lines
    group by provider, currency

    union all

    select
        'invoice' as side,
        provider,
        currency,
        0 as found,
        sum(amount) as expected
    from {{ ref('int_invoice_lines_keyed') }}
    group by provider, currency

)

select
    side,
    provider,
    currency,
    sum(found) as found,
    sum(expected) as expected
from sides
group by side, provider, currency
having sum(found) <> sum(expected)
