{{ config(materialized='table') }}

/*
    Grain: provider, billing_account_id, billing_month, currency, invoice_id, step, model, meter,
    service_tier, cause.

    Every step of every bridge but the total. Usage lines of an invoice are set against the
    exported charges they name (step 50); what they charge beyond all that names no model is step
    60, as is a stated total that is not the sum of its lines. A month without an invoice ends with
    what the export says of credits, taxes and fees.
*/
{% set account = ['provider', 'billing_account_id', 'billing_month', 'currency'] %}
{% set sku = account + ['model', 'meter', 'service_tier'] %}
{% set bridge_key = account + ['invoice_id', 'step', 'model', 'meter', 'service_tier', 'cause'] %}

with

effects as (

    select * from {{ ref('int_bridge_effects') }}

),

skus as (

    select * from {{ ref('int_skus_invoiced') }}

),

invoices as (

    select * from {{ ref('int_invoices_by_account') }}

),

invoice_lines as (

    select * from {{ ref('int_invoice_lines_keyed') }}

),

cost_rows as (

    select * from {{ ref('int_provider_costs_daily') }}

),

exported_charges as (

    select distinct
        provider,
        billing_account_id,
        billing_month
    from cost_rows
    where charge_category = 'usage'

),

-- What is wrong with an export comes back with the opposite sign where the invoice is right.
wrong_exports as (

    select
        {{ sku | join(',\n        ') }},
        max(cause) as cause
    from effects
    where cause in ('cost_not_exported', 'unit_error')
    group by {{ sku | join(', ') }}

),

assigned_effects as (

    select
        {% for column in sku %}
            effects.{{ column }},
        {% endfor %}
        skus.invoice_id,
        effects.step,
        effects.cause,
        effects.quantity,
        effects.amount
    from effects
    inner join skus
        on {{ columns_equal('effects', 'skus', sku) }}

),

-- What the lines of each key charge, and what was exported for it --------------------------------

charged_lines as (

    select
        {{ account | join(',\n        ') }},
        invoice_id,
        cover_level,
        case when cover_level = 4 then '' else model end as model,
        case when cover_level = 4 then '' else meter end as meter,
        case when cover_level = 4 then '' else service_tier end as service_tier,
        count(*) as line_count,
        cast(sum(quantity) as decimal(38, 6)) as quantity,
        cast(sum(amount) as decimal(38, 12)) as invoiced
    from invoice_lines
    where component = 'usage'
    group by
        {{ account | join(',\n        ') }},
        invoice_id,
        cover_level,
        case when cover_level = 4 then '' else model end,
        case when cover_level = 4 then '' else meter end,
        case when cover_level = 4 then '' else service_tier end

),

covered as (

    select
        {% for column in account %}
            skus.{{ column }},
        {% endfor %}
        skus.invoice_id,
        case when skus.cover_level < 4 then skus.model else '' end as model,
        skus.line_meter as meter,
        skus.line_service_tier as service_tier,
        skus.cover_level = 4 as is_summary,
        max(wrong_exports.cause) as wrong_export,
        count(*) as sku_count,
        cast(sum(skus.charged) as decimal(38, 12)) as charged
    from skus
    left join wrong_exports
        on {{ columns_equal('skus', 'wrong_exports', sku) }}
    where skus.cover_level <= 4
    group by
        {% for column in account %}
            skus.{{ column }},
        {% endfor %}
        skus.invoice_id,
        case when skus.cover_level < 4 then skus.model else '' end,
        skus.line_meter,
        skus.line_service_tier,
        skus.cover_level = 4

),

set_against as (

    select
        {% for column in account %}
            charged_lines.{{ column }},
        {% endfor %}
        charged_lines.invoice_id,
        charged_lines.model,
        charged_lines.meter,
        charged_lines.service_tier,
        charged_lines.cover_level,
        charged_lines.line_count,
        charged_lines.quantity,
        cast(charged_lines.invoiced - coalesce(covered.charged, 0) as decimal(38, 12)) as amount,
        covered.wrong_export,
        covered.provider is not null as is_covered
    from charged_lines
    left join covered
        on
            {{ columns_equal(
                'charged_lines', 'covered',
                account + ['invoice_id', 'model', 'meter', 'service_tier']
            ) }}
            and (charged_lines.cover_level = 4) = covered.is_summary

),

usage_lines as (

    select
        {% for column in account %}
            set_against.{{ column }},
        {% endfor %}
        invoice_id,
        case when cover_level = 4 then 60 else 50 end as step,
        case when cover_level = 4 then '(invoice)' else model end as model,
        case
            when cover_level = 4 then '(invoice)'
            when meter = '' then '(all)'
            else meter
        end as meter,
        case
            when cover_level = 4 then '(invoice)'
            when service_tier = '' then '(all)'
            else service_tier
        end as service_tier,
        case
            when cover_level = 4 then 'unexplained'
            when not is_covered then 'invoice_only'
            when abs(amount) <= 0.01 * line_count then 'line_rounding'
            when wrong_export is not null then wrong_export
            when exported_charges.provider is null then 'log_invoice_difference'
            else 'export_invoice_difference'
        end as cause,
        cast(null as decimal(38, 6)) as quantity,
        amount
    from set_against
    left join exported_charges
        on
            set_against.provider = exported_charges.provider
            and set_against.billing_account_id = exported_charges.billing_account_id
            and set_against.billing_month = exported_charges.billing_month

),

-- Exported, and on no line of the invoice.
uncovered as (

    select
        {% for column in account %}
            skus.{{ column }},
        {% endfor %}
        skus.invoice_id,
        50 as step,
        skus.model,
        skus.meter,
        skus.service_tier,
        case
            when exported_charges.provider is null then 'not_on_invoice'
            else 'not_invoiced_yet'
        end as cause,
        cast(null as decimal(38, 6)) as quantity,
        cast(-skus.charged as decimal(38, 12)) as amount
    from skus
    left join exported_charges
        on
            skus.provider = exported_charges.provider
            and skus.billing_account_id = exported_charges.billing_account_id
            and skus.billing_month = exported_charges.billing_month
    where skus.cover_level = 5

),

-- Credits, true-ups, fees and taxes --------------------------------------------------------------

other_lines as (

    select
        {{ account | join(',\n        ') }},
        invoice_id,
        component,
        line_category as cause,
        amount
    from invoice_lines
    where component <> 'usage'

),

invoiced_components as (

    select distinct
        {{ account | join(',\n        ') }},
        component
    from other_lines

    union

    -- an invoice of the usage is an invoice of everything
    select
        {% for column in account %}
            invoices.{{ column }},
        {% endfor %}
        others.component
    from invoices
    inner join {{ ref('int_exported_others') }} as others
        on {{ columns_equal('invoices', 'others', account) }}
    where invoices.is_main

),

exported_others as (

    select
        others.*,
        '(not invoiced)' as invoice_id
    from {{ ref('int_exported_others') }} as others

),

others as (

    select
        {{ account | join(',\n        ') }},
        invoice_id,
        component,
        cause,
        amount
    from other_lines

    union all

    select
        {% for column in account %}
            exported_others.{{ column }},
        {% endfor %}
        exported_others.invoice_id,
        exported_others.component,
        exported_others.cause,
        exported_others.amount
    from exported_others
    left join invoiced_components
        on
            {{ columns_equal(
                'exported_others', 'invoiced_components', account + ['component']
            ) }}
    where invoiced_components.provider is null

    union all

    select
        {{ account | join(',\n        ') }},
        invoice_id,
        total_component as component,
        case
            when total_component = 'unexplained' then 'total_differs_from_lines'
            else 'total_rounding'
        end as cause,
        total_rounding as amount
    from invoices
    where total_rounding <> 0

),

other_steps as (

    select
        {{ account | join(',\n        ') }},
        invoice_id,
        {{ bridge_step('component') }} as step,
        '(invoice)' as model,
        '(invoice)' as meter,
        '(invoice)' as service_tier,
        cause,
        cast(null as decimal(38, 6)) as quantity,
        amount
    from others

),

lines as (

    select
        {{ bridge_key | join(',\n        ') }},
        quantity,
        amount
    from assigned_effects

    union all

    select
        {{ bridge_key | join(',\n        ') }},
        quantity,
        amount
    from usage_lines

    union all

    select
        {{ bridge_key | join(',\n        ') }},
        quantity,
        amount
    from uncovered

    union all

    select
        {{ bridge_key | join(',\n        ') }},
        quantity,
        amount
    from other_steps

),

final as (

    select
        {{ bridge_key | join(',\n        ') }},
        cast(sum(quantity) as decimal(38, 6)) as quantity,
        cast(sum(amount) as decimal(38, 12)) as amount
    from lines
    group by {{ bridge_key | join(', ') }}
    having sum(amount) <> 0 or coalesce(sum(quantity), 0) <> 0

)

select * from final
