{{ config(materialized='table') }}

/*
    Grain: line_id; an invoice line in the words of the bridge.

    `component` says which step a line belongs to. `cover_level` says how much a usage line tells
    of what it charges: 1 model, meter and tier; 2 model and meter; 3 the model; 4 nothing. A
    voided invoice charges nothing and has no lines here.
*/
with

lines as (

    select * from {{ ref('stg_invoices__invoice_lines') }}
    where coalesce(invoice_status, 'issued') <> 'voided'

),

models_matched as (

    select * from {{ ref('int_provider_models_matched') }}

),

only_accounts as (

    select * from {{ ref('int_provider_only_accounts') }}

),

tier_aliases as (

    select * from {{ ref('service_tier_aliases') }}
    where provider = '*'

),

exported_skus as (

    select
        provider,
        billing_account_id,
        {{ billing_month_of('usage_date') }} as billing_month,
        model,
        meter,
        service_tier
    from {{ ref('int_provider_usage_daily') }}

    union

    select
        provider,
        billing_account_id,
        billing_month,
        model,
        meter,
        service_tier
    from {{ ref('int_provider_costs_daily') }}

),

exported_tiers as (

    select
        provider,
        billing_account_id,
        billing_month,
        model,
        meter,
        count(*) as tier_count,
        min(service_tier) as service_tier
    from exported_skus
    group by provider, billing_account_id, billing_month, model, meter

),

named as (

    select
        lines.line_id,
        lines.invoice_id,
        lines.line_number,
        lines.provider,
        coalesce(
            lines.stated_account_id, only_accounts.billing_account_id, '(default)'
        ) as billing_account_id,
        lines.billing_month,
        lines.issued_on,
        coalesce(lines.invoice_status, 'issued') as invoice_status,
        lines.line_category,
        case lines.line_category
            when 'usage' then 'usage'
            when 'credit' then 'credits'
            when 'credit_note' then 'credits'
            when 'commitment_true_up' then 'commitment_true_up'
            when 'tax' then 'tax'
            else 'fees_and_adjustments'
        end as component,
        lines.description,
        lines.project_id,
        case
            when coalesce(trim(lines.model), '') = '' then ''
            else {{ canonical_model('models_matched.price_model', 'lines.model') }}
        end as model,
        coalesce(nullif(lines.meter, ''), '') as meter,
        coalesce(
            tier_aliases.service_tier,
            nullif(lower(trim(lines.service_tier)), ''),
            ''
        ) as service_tier,
        cast(lines.quantity as decimal(38, 6)) as quantity,
        lines.unit,
        cast(lines.amount as decimal(38, 12)) as amount,
        upper(lines.currency) as currency,
        lines.booked_rate,
        lines.functional_currency,
        lines.reference_invoice_id,
        cast(lines.invoice_total as decimal(38, 12)) as invoice_total,
        lines.landed_at
    from lines
    left join models_matched
        on
            lines.provider = models_matched.provider
            and lines.model = models_matched.model
    left join only_accounts
        on lines.provider = only_accounts.provider
    left join tier_aliases
        on lower(trim(lines.service_tier)) = tier_aliases.service_tier_as_logged

),

-- A line that states no tier is of the only one the month's export knows, or of the standard one.
tiered as (

    select
        {% for column in [
            'line_id', 'invoice_id', 'line_number', 'provider', 'billing_account_id',
            'billing_month', 'issued_on', 'invoice_status', 'line_category', 'component',
            'description', 'project_id', 'model', 'meter',
        ] %}
            named.{{ column }},
        {% endfor %}
        case
            when named.service_tier <> '' or named.model = '' or named.meter = ''
                then named.service_tier
            when exported_tiers.tier_count > 1 then ''
            else coalesce(exported_tiers.service_tier, 'standard')
        end as service_tier,
        {% for column in [
            'quantity', 'unit', 'amount', 'currency', 'booked_rate', 'functional_currency',
            'reference_invoice_id', 'invoice_total', 'landed_at',
        ] %}
        named.{{ column }}{{ ',' if not loop.last }}
    {% endfor %}
    from named
    left join exported_tiers
        on
            named.provider = exported_tiers.provider
            and named.billing_account_id = exported_tiers.billing_account_id
            and named.billing_month = exported_tiers.billing_month
            and named.model = exported_tiers.model
            and named.meter = exported_tiers.meter

),

final as (

    select
        tiered.*,
        case
            when component <> 'usage' then 0
            when model = '' then 4
            when meter = '' then 3
            when service_tier = '' then 2
            else 1
        end as cover_level
    from tiered

)

select * from final
