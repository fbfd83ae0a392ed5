{# What providers' lines say, whatever they are about: columns over `source` and `aliases`. #}
{% macro provider_line_columns() -%}
        ---------- ids
        source.line_id,
        source.line_index,
        coalesce(aliases.provider, source.issuer) as provider,
        {{ plain_account_id('source.billing_account_id') }} as stated_account_id,
        source.billing_account_name,
        source.sub_account_id,
        source.sub_account_name,
        source.project_id,
        source.project_name,
        source.api_key_id,
        source.api_key_name,
        source.sku_id,
        source.bucket_key,
        source.landing_id,

        ---------- strings
        source.source,
        source.dataset,
        source.service,
        source.line_item,
        source.model,
        source.token_type,
        source.service_tier,
        source.context_window,
        source.inference_geo,
        source.speed,
        source.region,
        source.tags,
        source.source_file,

        ---------- numerics
        source.quantity,
        source.unit,
        source.source_line,

        ---------- booleans
        coalesce(source.is_batch, false) as is_batch,

        ---------- dates and timestamps
        source.event_date,
        source.period_start_at,
        source.period_end_at,
        source.exported_at,
        source.landed_at
{%- endmacro %}


{#
    CTEs `placed` and `final` that say where each of `lines` belongs: account, day on the provider's
    clock, key of what it says was sold. The model has CTEs `only_accounts` and `billing_clocks`.
#}
{% macro provider_lines_dated() %}
placed as (

    select
        lines.*,
        coalesce(
            lines.stated_account_id, only_accounts.billing_account_id, '(default)'
        ) as billing_account_id,
        coalesce(billing_clocks.time_zone, 'UTC') as time_zone
    from lines
    left join only_accounts
        on lines.provider = only_accounts.provider
    left join billing_clocks
        on lines.provider = billing_clocks.provider

),

final as (

    select
        placed.*,
        {{ sku_key('placed') }} as sku_key,
        {{ date_in_zone_of('placed.period_start_at', 'placed.time_zone') }} as usage_date
    from placed

)
{% endmacro %}
