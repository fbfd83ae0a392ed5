/*
    Grain: provider, billing_account_id, billing_month, currency, invoice_id, step, component,
    model, token_class, service_tier, cause.

    From what our ledger says to what the invoice says, one row a step and cause. Steps 10 to 80 of
    an invoice sum to step 90, which is its total, to the last digit. `(not invoiced)` ends with
    what is exported so far, and with the ledger for days not exported.
*/
{% set account = ['provider', 'billing_account_id', 'billing_month', 'currency'] %}

with

lines as (

    select * from {{ ref('int_bridge_lines') }}

),

invoices as (

    select * from {{ ref('int_invoices_by_account') }}

),

-- The total is the invoice's own, not the sum of the steps: a test holds one to the other.
totals as (

    select
        {{ account | join(',\n        ') }},
        invoice_id,
        cast(part_total + total_rounding as decimal(38, 12)) as amount
    from invoices

    union all

    select
        {{ account | join(',\n        ') }},
        invoice_id,
        cast(sum(amount) as decimal(38, 12)) as amount
    from lines
    where invoice_id = '(not invoiced)'
    group by {{ account | join(', ') }}, invoice_id

),

steps as (

    select
        {{ account | join(',\n        ') }},
        invoice_id,
        step,
        model,
        meter,
        service_tier,
        cause,
        quantity,
        amount
    from lines

    union all

    select
        {{ account | join(',\n        ') }},
        invoice_id,
        90 as step,
        '(invoice)' as model,
        '(invoice)' as meter,
        '(invoice)' as service_tier,
        '' as cause,
        cast(null as decimal(38, 6)) as quantity,
        amount
    from totals

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates') }}

),

final as (

    select
        steps.provider,
        steps.billing_account_id,
        steps.billing_month,
        steps.currency,
        steps.invoice_id,
        cast(steps.step as integer) as step,
        {{ bridge_component('steps.step') }} as component,
        steps.model,
        steps.meter as token_class,
        steps.service_tier,
        steps.cause,
        steps.quantity,
        case
            when steps.quantity is null then null
            when
                steps.meter in ('web_search', 'code_execution', 'image', 'search_unit')
                then steps.meter
            when steps.meter = 'audio_second' then 'second'
            when steps.meter in ('request', 'provider_reported') then 'request'
            else 'token'
        end as unit,
        steps.amount,
        -- NULL where nobody wrote down the month's rate.
        {{ in_currency('steps.amount', 'exchange_rates.usd_per_unit', unknown='null') }}
            as amount_usd
    from steps
    left join exchange_rates
        on
            steps.currency = exchange_rates.currency
            and {{ rate_of_month('exchange_rates', 'steps.billing_month') }}

)

select * from final
