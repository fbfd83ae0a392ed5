/*
    Grain: provider, billing_account_id, billing_month, currency, component, cause.

    What a provider's export charges besides usage: credits, taxes, fees, commitments. The credits
    nested in usage rows are among them. They are part of a bridge only while there is no invoice.
*/
{% set account = ['provider', 'billing_account_id', 'billing_month', 'currency'] %}

with

cost_rows as (

    select * from {{ ref('int_provider_costs_daily') }}

),

others as (

    select
        {{ account | join(',\n        ') }},
        {{ component_of_category('charge_category') }} as component,
        {{ cause_of_category('charge_category') }} as cause,
        cost as amount
    from cost_rows
    where charge_category <> 'usage'

    union all

    select
        {{ account | join(',\n        ') }},
        'credits' as component,
        'credit' as cause,
        credit as amount
    from cost_rows
    where coalesce(credit, 0) <> 0

),

final as (

    select
        {{ account | join(',\n        ') }},
        component,
        cause,
        cast(sum(amount) as decimal(38, 12)) as amount
    from others
    group by {{ account | join(', ') }}, component, cause

)

select * from final
