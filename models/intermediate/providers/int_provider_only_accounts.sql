/*
    Grain: provider; providers that bill us under one account.
    Exports that name no account (an API answer, a console CSV) belong to it.
*/
with

usage_lines as (

    select * from {{ ref('stg_providers__usage_lines') }}

),

cost_lines as (

    select * from {{ ref('stg_providers__cost_lines') }}

),

invoice_lines as (

    select * from {{ ref('stg_invoices__invoice_lines') }}

),

accounts as (

    select
        provider,
        stated_account_id
    from usage_lines

    union

    select
        provider,
        stated_account_id
    from cost_lines

    union

    select
        provider,
        stated_account_id
    from invoice_lines

),

final as (

    select
        provider,
        max(stated_account_id) as billing_account_id
    from accounts
    where stated_account_id is not null
    group by provider
    having count(*) = 1

)

select * from final
