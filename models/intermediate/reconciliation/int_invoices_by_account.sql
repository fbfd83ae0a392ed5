{{ config(materialized='table') }}

/*
    Grain: invoice_id, provider, billing_account_id, billing_month, currency.

    The parts of each invoice, and which invoice of an account's month is the main one: what no
    line names is set against it. A summary invoice has a usage line that tells nothing, and none
    that names a model. What the stated total differs from its lines by belongs to an invoice's
    largest part: rounding up to five cents or a cent a line, beyond that unexplained.
*/
with

lines as (

    select * from {{ ref('int_invoice_lines_keyed') }}

),

invoices as (

    select
        provider,
        invoice_id,
        count(*) as line_count,
        cast(sum(amount) as decimal(38, 12)) as line_total,
        max(invoice_total) as stated_total,
        count(distinct invoice_total) as stated_total_count
    from lines
    group by provider, invoice_id

),

parts as (

    select
        provider,
        invoice_id,
        billing_account_id,
        billing_month,
        currency,
        min(issued_on) as issued_on,
        max(case when invoice_status = 'draft' then 1 else 0 end) as is_draft,
        sum(case when component = 'usage' then 1 else 0 end) as usage_line_count,
        max(case when component = 'usage' then names_model else 0 end) as names_models,
        max(case when component = 'usage' and cover_level = 4 then 1 else 0 end) as has_summary,
        cast(sum(case when component = 'usage' then amount else 0 end) as decimal(38, 12))
            as usage_total,
        cast(sum(amount) as decimal(38, 12)) as part_total
    from lines
    group by provider, invoice_id, billing_account_id, billing_month, currency

),

ranked as (

    select
        parts.*,
        row_number() over (
            partition by provider, invoice_id
            order by
                abs(part_total) desc, billing_account_id, billing_month asc, currency asc
        ) as part_rank,
        row_number() over (
            partition by provider, billing_account_id, billing_month, currency
            order by
                case when usage_line_count > 0 then 0 else 1 end,
                is_draft asc,
                usage_total desc,
                issued_on asc,
                invoice_id asc
        ) as account_rank
    from parts

),

final as (

    select
        ranked.provider,
        ranked.invoice_id,
        ranked.billing_account_id,
        ranked.billing_month,
        ranked.currency,
        ranked.issued_on,
        ranked.is_draft = 1 as is_draft,
        ranked.usage_line_count > 0 as has_usage,
        ranked.usage_line_count > 0 and ranked.account_rank = 1 as is_main,
        ranked.account_rank,
        ranked.has_summary = 1 and ranked.names_models = 0 as is_summary,
        ranked.part_total,
        cast(
            case
                when ranked.part_rank = 1 and invoices.stated_total_count = 1
                    then invoices.stated_total - invoices.line_total
                else 0
            end as decimal(38, 12)
        ) as total_rounding,
        case
            when
                ranked.part_rank = 1
                and invoices.stated_total_count = 1
                and abs(invoices.stated_total - invoices.line_total)
                > greatest(0.05, 0.01 * invoices.line_count)
                then 'unexplained'
            else 'total_rounding'
        end as total_component
    from ranked
    inner join invoices
        on
            ranked.provider = invoices.provider
            and ranked.invoice_id = invoices.invoice_id

)

select * from final
