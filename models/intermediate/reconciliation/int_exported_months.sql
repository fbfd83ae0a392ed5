/*
    Grain: provider, billing_account_id, billing_month.

    Months a provider states quantities of, who states them first, and whether it states them by
    the month: on an invoice, or all on the first day of an invoiced month we used on many.
*/
with

exported as (

    select * from {{ ref('int_exported_quantities') }}

),

metered as (

    select * from {{ ref('int_metered_usage_by_account') }}

),

invoiced_months as (

    select distinct
        provider,
        billing_account_id,
        billing_month
    from {{ ref('int_invoice_lines_keyed') }}
    where component = 'usage' and invoice_status <> 'draft'

),

exported_months as (

    select
        provider,
        billing_account_id,
        usage_month as billing_month,
        min(case quantity_source when 'usage' then 1 when 'cost' then 2 else 3 end) as first_source,
        count(distinct usage_date) as day_count,
        min(usage_date) as first_date
    from exported
    group by provider, billing_account_id, usage_month

),

metered_months as (

    select
        provider,
        billing_account_id,
        billing_month,
        count(distinct usage_date) as day_count
    from metered
    group by provider, billing_account_id, billing_month

),

final as (

    select
        exported_months.provider,
        exported_months.billing_account_id,
        exported_months.billing_month,
        exported_months.first_source,
        exported_months.first_source = 3 or (
            invoiced_months.provider is not null
            and exported_months.day_count = 1
            and exported_months.first_date
            = {{ first_day_of('exported_months.billing_month') }}
            and coalesce(metered_months.day_count, 0) > 1
        ) as is_monthly
    from exported_months
    left join metered_months
        on
            {{ columns_equal(
                'exported_months', 'metered_months',
                ['provider', 'billing_account_id', 'billing_month']
            ) }}
    left join invoiced_months
        on
            {{ columns_equal(
                'exported_months', 'invoiced_months',
                ['provider', 'billing_account_id', 'billing_month']
            ) }}

)

select * from final
