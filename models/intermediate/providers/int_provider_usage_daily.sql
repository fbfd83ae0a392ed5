{{ config(materialized='table') }}

/*
    Grain: provider, billing_account_id, usage_date, project_id, api_key_id, model, meter,
    service_tier.

    What providers counted, by the day of their own clock, from the one origin chosen for the
    account and day. Project and key are '(not grouped)' where the export does not split by them.
*/
with

lines as (

    select * from {{ ref('int_provider_usage_lines_dated') }}

),

skus as (

    select * from {{ ref('int_provider_skus_parsed') }}

),

origins as (

    select * from {{ ref('int_provider_origins_chosen') }}
    where is_chosen

),

final as (

    select
        lines.provider,
        lines.billing_account_id,
        lines.usage_date,
        coalesce(lines.project_id, '(not grouped)') as project_id,
        coalesce(lines.api_key_id, '(not grouped)') as api_key_id,
        skus.model,
        skus.meter,
        skus.service_tier,
        cast(sum(lines.quantity) as decimal(38, 6)) as quantity,
        count(*) as line_count,
        max(origins.origin) as origin,
        max(lines.landed_at) as last_landed_at
    from lines
    inner join skus
        on lines.sku_key = skus.sku_key
    inner join origins
        on
            lines.provider = origins.provider
            and lines.billing_account_id = origins.billing_account_id
            and lines.usage_date = origins.usage_date
            and lines.source = origins.source
            and lines.dataset = origins.dataset
            and origins.line_kind = 'usage'
    group by
        lines.provider,
        lines.billing_account_id,
        lines.usage_date,
        coalesce(lines.project_id, '(not grouped)'),
        coalesce(lines.api_key_id, '(not grouped)'),
        skus.model,
        skus.meter,
        skus.service_tier

)

select * from final
