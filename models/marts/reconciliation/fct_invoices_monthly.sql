/*
    Grain: invoice_id, provider, billing_account_id, billing_month, currency.

    Each invoice with its totals, the checks of the reconciliation and how far it has got: open (a
    draft, or not invoiced yet), matched, variance, explained (someone reviewed it), signed_off
    (the month is closed), superseded (signed off, and a later invoice changes it). A voided
    invoice charges nothing and is not here.
*/
{% set account = ['provider', 'billing_account_id', 'billing_month', 'currency'] %}

with

bridge as (

    select * from {{ ref('fct_invoice_bridge_monthly') }}

),

invoice_lines as (

    select * from {{ ref('int_invoice_lines_keyed') }}

),

tolerances as (

    select * from {{ ref('reconciliation_tolerances') }}

),

reviews as (

    select distinct
        provider,
        billing_month,
        invoice_id
    from {{ ref('reconciliation_reviews') }}
    where coalesce(model, '') = '' and coalesce(token_class, '') = ''

),

month_closes as (

    select * from {{ ref('int_month_closes') }}

),

stated as (

    select
        {{ account | join(',\n        ') }},
        invoice_id,
        min(issued_on) as issued_on,
        max(case when invoice_status = 'draft' then 1 else 0 end) as is_draft,
        count(*) as line_count,
        max(reference_invoice_id) as reference_invoice_id,
        max(functional_currency) as functional_currency,
        -- one booked rate a part, else no functional amount
        case when count(distinct booked_rate) = 1 then max(booked_rate) end as booked_rate,
        min(landed_at) as landed_at,
        -- a close is dated to the second
        date_trunc('second', min(landed_at)) as landed_second
    from invoice_lines
    group by {{ account | join(', ') }}, invoice_id

),

later_invoices as (

    select
        earlier.provider,
        earlier.billing_account_id,
        earlier.billing_month,
        earlier.currency,
        earlier.invoice_id,
        max(later.landed_second) as last_landed_second
    from stated as earlier
    inner join stated as later
        on
            earlier.provider = later.provider
            and earlier.billing_account_id = later.billing_account_id
            and earlier.invoice_id <> later.invoice_id
            and (
                later.reference_invoice_id = earlier.invoice_id
                or later.billing_month = earlier.billing_month
            )
    group by
        earlier.provider,
        earlier.billing_account_id,
        earlier.billing_month,
        earlier.currency,
        earlier.invoice_id

),

summed as (

    select
        {{ account | join(',\n        ') }},
        invoice_id,
        {% for item in bridge_steps() %}
            cast(
                sum(case when step = {{ item.step }} then amount else 0 end)
                as decimal(38, 12)
            ) as {{ item.component }},
        {% endfor %}
        cast(sum(case
            when step in (41, 42) and cause not in (
                'discount', 'prepaid_credits', 'cost_not_exported', 'rounding'
            ) then amount else 0
        end) as decimal(38, 12)) as price_variance,
        cast(
            sum(case when step = 50 and cause <> 'cost_not_exported' then amount else 0 end)
            as decimal(38, 12)
        ) as line_variance
    from bridge
    group by {{ account | join(', ') }}, invoice_id

),

checked as (

    select
        summed.*,
        stated.issued_on,
        coalesce(stated.is_draft, 0) as is_draft,
        coalesce(stated.line_count, 0) as line_count,
        stated.reference_invoice_id,
        stated.functional_currency,
        stated.booked_rate,
        stated.landed_at,
        stated.landed_second,
        abs(summed.unexplained) <= greatest(
            unexplained.amount_limit, unexplained.share_limit * abs(summed.invoice_total)
        ) as is_unexplained_within,
        abs(summed.quantity_variance + summed.untracked_keys) <= greatest(
            coverage.amount_limit, coverage.share_limit * abs(summed.invoice_total)
        ) as is_coverage_within,
        abs(summed.price_variance) <= greatest(
            price.amount_limit, price.share_limit * abs(summed.invoice_total)
        ) as is_price_within,
        abs(summed.line_variance) <= line_rounding.amount_limit * coalesce(stated.line_count, 0)
            as is_line_rounding_within
    from summed
    left join stated
        on
            {{ columns_equal('summed', 'stated', account) }}
            and summed.invoice_id = stated.invoice_id
    left join tolerances as unexplained
        on unexplained.check_name = 'unexplained'
    left join tolerances as coverage
        on coverage.check_name = 'coverage'
    left join tolerances as price
        on price.check_name = 'price'
    left join tolerances as line_rounding
        on line_rounding.check_name = 'line_rounding'

),

final as (

    select
        checked.invoice_id,
        checked.provider,
        checked.billing_account_id,
        checked.billing_month,
        checked.currency,
        checked.issued_on,
        checked.reference_invoice_id,
        cast(checked.line_count as bigint) as line_count,
        {% for item in bridge_steps() %}
            checked.{{ item.component }} as {{ item.component }}_amount,
        {% endfor %}
        checked.price_variance as price_variance_amount,
        checked.line_variance as line_variance_amount,
        checked.functional_currency,
        checked.booked_rate,
        -- Step 85: outside the sum, at the rate the invoice was booked with.
        cast(
            cast(checked.invoice_total as decimal(24, 12))
            * cast(checked.booked_rate as decimal(14, 8)) as decimal(38, 12)
        ) as functional_amount,
        checked.is_unexplained_within,
        checked.is_coverage_within,
        checked.is_price_within,
        checked.is_line_rounding_within,
        case
            when checked.invoice_id = '(not invoiced)' or checked.is_draft = 1 then 'open'
            when
                month_closes.closed_at >= checked.landed_second
                and later_invoices.last_landed_second > month_closes.closed_at
                then 'superseded'
            when month_closes.closed_at >= checked.landed_second then 'signed_off'
            when
                checked.is_unexplained_within
                and checked.is_coverage_within
                and checked.is_price_within
                and checked.is_line_rounding_within
                then 'matched'
            when reviews.invoice_id is not null then 'explained'
            else 'variance'
        end as status,
        checked.landed_at
    from checked
    left join month_closes
        on checked.billing_month = month_closes.billing_month
    left join later_invoices
        on
            {{ columns_equal('checked', 'later_invoices', account) }}
            and checked.invoice_id = later_invoices.invoice_id
    left join reviews
        on
            checked.provider = reviews.provider
            and checked.billing_month = reviews.billing_month
            and checked.invoice_id = reviews.invoice_id

)

select * from final
