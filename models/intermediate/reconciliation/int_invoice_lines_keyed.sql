{{ config(materialized='table') }}

/*
    Grain: line_id; an invoice line in the words of the bridge.

    `component` says which step a line belongs to. `cover_level` says how much a usage line tells
    of what it charges: 1 model, meter and tier; 2 model and meter; 3 the model; 4 nothing. A
    voided invoice charges nothing and has no lines here.

    A token class without a model is that of the exported charges without a model. Else it is that
    of the only model exported with it, if no line of the invoice names a model: beside lines that
    do, it is something else.
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

modelless_meters as (

    select * from {{ ref('int_modelless_meters') }}

),

-- The one model a token class can be of, without a model before all others.
only_models as (

    select
        provider,
        billing_account_id,
        billing_month,
        meter,
        case
            when max(case when model = '(no model)' then 1 else 0 end) = 1 then '(no model)'
            when count(distinct model) = 1 then max(model)
        end as model
    from exported_skus
    group by provider, billing_account_id, billing_month, meter

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

names_counted as (

    select
        named.*,
        case when component = 'usage' and model <> '' then 1 else 0 end as names_model,
        max(case when component = 'usage' and model <> '' then 1 else 0 end) over (
            partition by provider, invoice_id
        ) as invoice_names_models
    from named

),

placed as (

    select
        {% for column in [
            'line_id', 'invoice_id', 'line_number', 'provider', 'billing_account_id',
            'billing_month', 'issued_on', 'invoice_status', 'line_category', 'component',
            'description', 'project_id', 'meter', 'service_tier', 'quantity', 'unit', 'amount',
            'currency', 'booked_rate', 'functional_currency', 'reference_invoice_id',
            'invoice_total', 'landed_at', 'names_model',
        ] %}
            names_counted.{{ column }},
        {% endfor %}
        case
            when names_counted.component <> 'usage' or names_counted.meter = ''
                then names_counted.model
            when modelless_meters.provider is not null then '(no model)'
            when names_counted.model <> '' then names_counted.model
            when only_models.model = '(no model)' or names_counted.invoice_names_models = 0
                then coalesce(only_models.model, '')
            else ''
        end as model
    from names_counted
    left join modelless_meters
        on
            {{ columns_equal(
                'names_counted', 'modelless_meters',
                ['provider', 'billing_account_id', 'billing_month', 'meter']
            ) }}
    left join only_models
        on
            {{ columns_equal(
                'names_counted', 'only_models',
                ['provider', 'billing_account_id', 'billing_month', 'meter']
            ) }}

),

-- A line that states no tier is of the only one the month's export knows, or of the standard one.
tiered as (

    select
        {% for column in [
            'line_id', 'invoice_id', 'line_number', 'provider', 'billing_account_id',
            'billing_month', 'issued_on', 'invoice_status', 'line_category', 'component',
            'description', 'project_id', 'model', 'meter',
        ] %}
            placed.{{ column }},
        {% endfor %}
        case
            when placed.service_tier <> '' or placed.model = '' or placed.meter = ''
                then placed.service_tier
            when exported_tiers.tier_count > 1 then ''
            else coalesce(exported_tiers.service_tier, 'standard')
        end as service_tier,
        {% for column in [
            'quantity', 'unit', 'amount', 'currency', 'booked_rate', 'functional_currency',
            'reference_invoice_id', 'invoice_total', 'landed_at', 'names_model',
        ] %}
        placed.{{ column }}{{ ',' if not loop.last }}
    {% endfor %}
    from placed
    left join exported_tiers
        on
            placed.provider = exported_tiers.provider
            and placed.billing_account_id = exported_tiers.billing_account_id
            and placed.billing_month = exported_tiers.billing_month
            and placed.model = exported_tiers.model
            and placed.meter = exported_tiers.meter

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
