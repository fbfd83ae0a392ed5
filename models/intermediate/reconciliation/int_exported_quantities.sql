{{ config(materialized='table') }}

/*
    Grain: provider, billing_account_id, usage_month, billing_month, usage_date, project_id,
    api_key_id, model, meter, service_tier.

    What a provider says was used: one statement per month, model and meter. The usage export
    speaks first, the quantities on cost rows where it is silent, the invoice's own quantities
    where nothing was exported. A cost row without a provable quantity is no statement.
    `usage_month` is the month of the usage, `billing_month` the month it is charged in.
*/
with

stated_usage_rows as (

    select * from {{ ref('int_provider_usage_daily') }}
    -- requests that used a tool are requests of their model already
    where meter <> 'tool_model_requests'

),

cost_rows as (

    select * from {{ ref('int_provider_costs_daily') }}
    where
        charge_category = 'usage'
        and quantity is not null
        and coalesce(unit_status, 'none') <> 'flagged'
        and meter not in ('unparsed', 'out_of_scope')

),

invoice_lines as (

    select * from {{ ref('int_invoice_lines_keyed') }}
    where
        component = 'usage'
        and cover_level = 1
        and quantity is not null

),

modelless_meters as (

    select * from {{ ref('int_modelless_meters') }}

),

usage_rows as (

    select
        stated_usage_rows.provider,
        stated_usage_rows.billing_account_id,
        stated_usage_rows.usage_date,
        stated_usage_rows.project_id,
        stated_usage_rows.api_key_id,
        case
            when modelless_meters.provider is null then stated_usage_rows.model
            else '(no model)'
        end as model,
        stated_usage_rows.meter,
        coalesce(modelless_meters.service_tier, stated_usage_rows.service_tier) as service_tier,
        stated_usage_rows.quantity
    from stated_usage_rows
    left join modelless_meters
        on
            stated_usage_rows.provider = modelless_meters.provider
            and stated_usage_rows.billing_account_id = modelless_meters.billing_account_id
            and {{ billing_month_of('stated_usage_rows.usage_date') }}
            = modelless_meters.billing_month
            and stated_usage_rows.meter = modelless_meters.meter

),

exported_months as (

    select
        provider,
        billing_account_id,
        {{ billing_month_of('usage_date') }} as usage_month
    from usage_rows

    union

    select
        provider,
        billing_account_id,
        billing_month as usage_month
    from {{ ref('int_provider_costs_daily') }}

),

usage_meters as (

    select distinct
        provider,
        billing_account_id,
        {{ billing_month_of('usage_date') }} as usage_month,
        model,
        meter
    from usage_rows

),

stated as (

    select
        'usage' as quantity_source,
        provider,
        billing_account_id,
        {{ billing_month_of('usage_date') }} as usage_month,
        {{ billing_month_of('usage_date') }} as billing_month,
        usage_date,
        project_id,
        api_key_id,
        model,
        meter,
        service_tier,
        cast(quantity as decimal(38, 6)) as quantity
    from usage_rows

    union all

    select
        'cost' as quantity_source,
        cost_rows.provider,
        cost_rows.billing_account_id,
        {{ billing_month_of('cost_rows.usage_date') }} as usage_month,
        cost_rows.billing_month,
        cost_rows.usage_date,
        cost_rows.project_id,
        cost_rows.api_key_id,
        cost_rows.model,
        cost_rows.meter,
        cost_rows.service_tier,
        cast(cost_rows.quantity as decimal(38, 6)) as quantity
    from cost_rows
    left join usage_meters
        on
            cost_rows.provider = usage_meters.provider
            and cost_rows.billing_account_id = usage_meters.billing_account_id
            and {{ billing_month_of('cost_rows.usage_date') }} = usage_meters.usage_month
            and cost_rows.model = usage_meters.model
            and cost_rows.meter = usage_meters.meter
    where usage_meters.provider is null

    union all

    select
        'invoice' as quantity_source,
        invoice_lines.provider,
        invoice_lines.billing_account_id,
        invoice_lines.billing_month as usage_month,
        invoice_lines.billing_month,
        {{ first_day_of('invoice_lines.billing_month') }} as usage_date,
        '(not grouped)' as project_id,
        '(not grouped)' as api_key_id,
        invoice_lines.model,
        invoice_lines.meter,
        invoice_lines.service_tier,
        cast(invoice_lines.quantity as decimal(38, 6)) as quantity
    from invoice_lines
    left join exported_months
        on
            invoice_lines.provider = exported_months.provider
            and invoice_lines.billing_account_id = exported_months.billing_account_id
            and invoice_lines.billing_month = exported_months.usage_month
    where exported_months.provider is null

),

final as (

    select
        quantity_source,
        provider,
        billing_account_id,
        usage_month,
        billing_month,
        usage_date,
        project_id,
        api_key_id,
        model,
        meter,
        service_tier,
        cast(sum(quantity) as decimal(38, 6)) as quantity
    from stated
    group by
        quantity_source,
        provider,
        billing_account_id,
        usage_month,
        billing_month,
        usage_date,
        project_id,
        api_key_id,
        model,
        meter,
        service_tier

)

select * from final
