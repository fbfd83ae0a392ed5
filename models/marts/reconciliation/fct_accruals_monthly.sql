/*
    Grain: provider, billing_account_id, billing_month, currency.

    What to accrue for a month before its invoice is there: the provider's cost export to date,
    our own ledger for the days and accounts it has not exported, and what the export says of
    credits, fees and taxes. Nothing is scaled up, and what only the invoice says is no part of it:
    the estimate stays what it was when the invoice arrives and scores it.

    The range is to hold four of five invoices. Export and ledger are wrong in ways of their own, so
    each part is widened by its own errors in the account's last twelve months: their mean, give or
    take Student's t for one more month like them. A single month tells no spread; until there are
    two, the tolerance does.
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

currencies as (

    select * from {{ ref('int_billing_currencies') }}

),

metered as (

    select
        usage.provider,
        usage.billing_account_id,
        usage.billing_month,
        usage.usage_date,
        currencies.currency,
        {{ in_currency('usage.cost_usd', 'currencies.units_per_usd') }} as amount
    from {{ ref('int_metered_usage_by_account') }} as usage
    inner join currencies
        on
            {{ columns_equal(
                'usage', 'currencies',
                [
                    'provider', 'billing_account_id', 'billing_month', 'model', 'meter',
                    'service_tier',
                ]
            ) }}

),

exported_days as (

    select distinct
        provider,
        billing_account_id,
        billing_month,
        usage_date
    from charges
    where charge_basis = 'export'

),

-- Only their invoice says how much was used: what we value there is the invoice's quantity.
invoice_only_months as (

    select
        provider,
        billing_account_id,
        usage_month as billing_month
    from {{ ref('int_exported_quantities') }}
    group by provider, billing_account_id, usage_month
    having max(case when quantity_source = 'invoice' then 0 else 1 end) = 0

),

lines as (

    select
        {% for column in account %}
            charges.{{ column }},
        {% endfor %}
        case when charges.charge_basis = 'export' then charges.charged else charges.valued end
            as amount,
        case when charges.charge_basis = 'export' then 1 else 0 end as is_exported
    from charges
    left join invoice_only_months
        on
            charges.provider = invoice_only_months.provider
            and charges.billing_account_id = invoice_only_months.billing_account_id
            and charges.billing_month = invoice_only_months.billing_month
    where charges.charge_basis = 'export' or invoice_only_months.provider is null

    union all

    select
        {% for column in account %}
            metered.{{ column }},
        {% endfor %}
        metered.amount,
        0 as is_exported
    from metered
    inner join invoice_only_months
        on
            metered.provider = invoice_only_months.provider
            and metered.billing_account_id = invoice_only_months.billing_account_id
            and metered.billing_month = invoice_only_months.billing_month
    left join exported_days
        on
            metered.provider = exported_days.provider
            and metered.billing_account_id = exported_days.billing_account_id
            and metered.billing_month = exported_days.billing_month
            and metered.usage_date = exported_days.usage_date
    where exported_days.provider is null

    union all

    select
        {{ account | join(',\n        ') }},
        amount,
        1 as is_exported
    from others

),

estimated as (

    select
        {{ account | join(',\n        ') }},
        cast(sum(amount) as decimal(38, 12)) as estimate,
        cast(sum(case when is_exported = 1 then 0 else amount end) as decimal(38, 12))
            as from_ledger,
        max(is_exported) as is_exported,
        max(case when is_exported = 1 or amount = 0 then 0 else 1 end) as is_from_ledger
    from lines
    group by {{ account | join(', ') }}

),

-- All the ledger says of a month, and what the export says besides usage.
without_export as (

    select
        {{ account | join(',\n        ') }},
        cast(sum(metered_amount) as decimal(38, 12)) as metered_amount,
        cast(sum(other_amount) as decimal(38, 12)) as other_amount
    from (
        select
            {{ account | join(', ') }},
            amount as metered_amount,
            0 as other_amount
        from metered

        union all

        select
            {{ account | join(', ') }},
            0 as metered_amount,
            amount as other_amount
        from others
    ) as sides
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
        exchange_rates.usd_per_unit,
        invoiced.invoice_id,
        cast(invoiced.invoice_amount - without_export.other_amount as double)
        / nullif(cast(without_export.metered_amount as double), 0) - 1 as ledger_error_share,
        {{ in_currency('estimated.estimate', 'exchange_rates.usd_per_unit', unknown='null') }}
            as estimate_usd,
        {{ in_currency('invoiced.invoice_amount', 'exchange_rates.usd_per_unit', unknown='null') }}
            as invoice_usd
    from estimated
    left join invoiced
        on
            {{ columns_equal('estimated', 'invoiced', account) }}
            and invoiced.has_usage = 1
    left join without_export
        on {{ columns_equal('estimated', 'without_export', account) }}
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
        tolerances.share_limit,
        count(error_share) over earlier as error_count,
        avg(cast(error_share as double)) over earlier as error_mean,
        stddev_samp(cast(error_share as double)) over earlier as error_spread,
        count(ledger_error_share) over earlier as ledger_count,
        avg(ledger_error_share) over earlier as ledger_mean,
        stddev_samp(ledger_error_share) over earlier as ledger_spread
    from scored
    left join tolerances
        on tolerances.check_name = 'accrual'
    window earlier as (
        partition by provider, billing_account_id, currency
        order by billing_month
        rows between 12 preceding and 1 preceding
    )

),

ranged as (

    select
        with_history.*,
        {{ low_share('error', 'share_limit') }} as low_share,
        {{ high_share('error', 'share_limit') }} as high_share,
        {{ low_share('ledger', 'share_limit') }} as ledger_low_share,
        {{ high_share('ledger', 'share_limit') }} as ledger_high_share
    from with_history

),

final as (

    select
        provider,
        billing_account_id,
        billing_month,
        currency,
        estimate,
        estimate_usd,
        {{ in_currency(
            'estimate + ' ~ share_of_money('abs(estimate - from_ledger)', 'low_share')
            ~ ' + ' ~ share_of_money('abs(from_ledger)', 'ledger_low_share'),
            'usd_per_unit',
            unknown='null',
        ) }} as low_usd,
        {{ in_currency(
            'estimate + ' ~ share_of_money('abs(estimate - from_ledger)', 'high_share')
            ~ ' + ' ~ share_of_money('abs(from_ledger)', 'ledger_high_share'),
            'usd_per_unit',
            unknown='null',
        ) }} as high_usd,
        case
            when is_exported = 1 and is_from_ledger = 1 then 'export and ledger'
            when is_exported = 1 then 'export'
            else 'ledger'
        end as method,
        cast(error_count as bigint) as scored_month_count,
        invoice_id as scored_against,
        invoice_usd,
        error_usd,
        error_share
    from ranged

)

select * from final
