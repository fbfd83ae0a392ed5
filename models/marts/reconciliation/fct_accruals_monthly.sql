/*
    Grain: provider, billing_account_id, billing_month, currency.

    What to accrue for a month before its invoice is there: the provider's cost export to date,
    our own ledger for the days and accounts it has not exported, and what the export says of
    credits, fees and taxes. Nothing is scaled up. The range is as wide as the errors of the
    account's earlier months; a month is scored when its invoice arrives.
*/
{% set account = ['provider', 'billing_account_id', 'billing_month', 'currency'] %}

with

charges as (

    select * from {{ ref('int_charges_compared') }}
    where meter <> 'requests'

),

others as (

    select * from {{ ref('int_exported_others') }}

),

invoices as (

    select * from {{ ref('int_invoices_by_account') }}
    where not is_draft

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates') }}

),

tolerances as (

    select * from {{ ref('reconciliation_tolerances') }}
    where check_name = 'accrual'

),

lines as (

    select
        {{ account | join(',\n        ') }},
        case when charge_basis = 'export' then charged else valued end as amount,
        case when charge_basis = 'export' then 1 else 0 end as is_exported,
        case when charge_basis = 'export' or valued = 0 then 0 else 1 end as is_from_ledger
    from charges

    union all

    select
        {{ account | join(',\n        ') }},
        amount,
        1 as is_exported,
        0 as is_from_ledger
    from others

),

estimated as (

    select
        {{ account | join(',\n        ') }},
        cast(sum(amount) as decimal(38, 12)) as estimate,
        max(is_exported) as is_exported,
        max(is_from_ledger) as is_from_ledger
    from lines
    group by {{ account | join(', ') }}

),

invoiced as (

    select
        {{ account | join(',\n        ') }},
        max(case when account_rank = 1 then invoice_id end) as invoice_id,
        max(case when is_main then 1 else 0 end) as has_usage,
        cast(sum(part_total + total_rounding) as decimal(38, 12)) as invoice_amount
    from invoices
    group by {{ account | join(', ') }}

),

in_dollars as (

    select
        estimated.*,
        invoiced.invoice_id,
        {{ in_currency('estimated.estimate', 'exchange_rates.usd_per_unit', unknown='null') }}
            as estimate_usd,
        {{ in_currency('invoiced.invoice_amount', 'exchange_rates.usd_per_unit', unknown='null') }}
            as invoice_usd
    from estimated
    left join invoiced
        on
            {{ columns_equal('estimated', 'invoiced', account) }}
            and invoiced.has_usage = 1
    left join exchange_rates
        on
            estimated.currency = exchange_rates.currency
            and {{ rate_of_month('exchange_rates', 'estimated.billing_month') }}

),

scored as (

    select
        in_dollars.*,
        cast(invoice_usd - estimate_usd as decimal(38, 12)) as error_usd,
        -- A share widens ranges and is shown; no amount is booked with it.
        cast(
            cast(invoice_usd - estimate_usd as double) / nullif(cast(estimate_usd as double), 0)
            as decimal(18, 6)
        ) as error_share
    from in_dollars

),

with_history as (

    select
        scored.*,
        count(error_share) over earlier as scored_month_count,
        min(error_share) over earlier as lowest_error_share,
        max(error_share) over earlier as highest_error_share
    from scored
    window earlier as (
        partition by provider, billing_account_id, currency
        order by billing_month
        rows between unbounded preceding and 1 preceding
    )

),

final as (

    select
        with_history.provider,
        with_history.billing_account_id,
        with_history.billing_month,
        with_history.currency,
        with_history.estimate,
        with_history.estimate_usd,
        cast(
            with_history.estimate_usd + {{ share_of_money(
                'with_history.estimate_usd',
                'case when scored_month_count = 0 then -tolerances.share_limit '
                ~ 'else least(lowest_error_share, 0) end',
            ) }} as decimal(38, 12)
        ) as low_usd,
        cast(
            with_history.estimate_usd + {{ share_of_money(
                'with_history.estimate_usd',
                'case when scored_month_count = 0 then tolerances.share_limit '
                ~ 'else greatest(highest_error_share, 0) end',
            ) }} as decimal(38, 12)
        ) as high_usd,
        case
            when is_exported = 1 and is_from_ledger = 1 then 'export and ledger'
            when is_exported = 1 then 'export'
            else 'ledger'
        end as method,
        cast(with_history.scored_month_count as bigint) as scored_month_count,
        with_history.invoice_id as scored_against,
        with_history.invoice_usd,
        with_history.error_usd,
        with_history.error_share
    from with_history
    left join tolerances
        on tolerances.check_name = 'accrual'

)

select * from final
