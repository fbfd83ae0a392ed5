{{ config(materialized='table') }}

/*
    Grain: provider, billing_account_id, billing_month, currency, model, meter, service_tier.

    Which invoice a model, meter and tier is set against, and how much of it an invoice line names
    (`cover_level`): its own line; a line of its model and meter; of its model; a summary invoice;
    or none, and then the account's main invoice has it. Without an invoice: '(not invoiced)'.
*/
{% set account = ['provider', 'billing_account_id', 'billing_month', 'currency'] %}
{% set sku = account + ['model', 'meter', 'service_tier'] %}

with

effects as (

    select * from {{ ref('int_bridge_effects') }}

),

invoices as (

    select * from {{ ref('int_invoices_by_account') }}

),

line_keys as (

    select distinct
        {{ account | join(',\n        ') }},
        invoice_id,
        model,
        meter,
        service_tier,
        cover_level
    from {{ ref('int_invoice_lines_keyed') }}
    where component = 'usage' and cover_level < 4

),

skus as (

    select
        {{ sku | join(',\n        ') }},
        cast(sum(amount) as decimal(38, 12)) as charged
    from effects
    group by {{ sku | join(', ') }}

),

covers as (

    select
        {% for column in sku %}
            skus.{{ column }},
        {% endfor %}
        line_keys.invoice_id,
        line_keys.cover_level,
        line_keys.meter as line_meter,
        line_keys.service_tier as line_service_tier
    from skus
    inner join line_keys
        on
            {{ columns_equal('skus', 'line_keys', account + ['model']) }}
            and line_keys.meter in ('', skus.meter)
            and line_keys.service_tier in ('', skus.service_tier)

    union all

    select
        {% for column in sku %}
            skus.{{ column }},
        {% endfor %}
        invoices.invoice_id,
        4 as cover_level,
        '' as line_meter,
        '' as line_service_tier
    from skus
    inner join invoices
        on {{ columns_equal('skus', 'invoices', account) }}
    where invoices.is_summary

    union all

    select
        {% for column in sku %}
            skus.{{ column }},
        {% endfor %}
        invoices.invoice_id,
        5 as cover_level,
        '' as line_meter,
        '' as line_service_tier
    from skus
    inner join invoices
        on {{ columns_equal('skus', 'invoices', account) }}
    where invoices.is_main

),

covers_ranked as (

    select
        covers.*,
        row_number() over (
            partition by
            {% for column in sku %}
                    covers.{{ column }}{{ ',' if not loop.last }}
            {% endfor %}
            order by
                covers.cover_level asc,
                invoices.account_rank asc,
                covers.line_meter desc,
                covers.line_service_tier desc
        ) as choice
    from covers
    inner join invoices
        on
            {{ columns_equal('covers', 'invoices', account) }}
            and covers.invoice_id = invoices.invoice_id

),

final as (

    select
        {% for column in sku %}
            skus.{{ column }},
        {% endfor %}
        skus.charged,
        coalesce(covers_ranked.invoice_id, '(not invoiced)') as invoice_id,
        coalesce(covers_ranked.cover_level, 6) as cover_level,
        coalesce(covers_ranked.line_meter, '') as line_meter,
        coalesce(covers_ranked.line_service_tier, '') as line_service_tier
    from skus
    left join covers_ranked
        on
            {{ columns_equal('skus', 'covers_ranked', sku) }}
            and covers_ranked.choice = 1

)

select * from final
