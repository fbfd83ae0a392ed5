{{ config(materialized='table') }}

/*
    Grain: sku_key.

    What a provider's line is about, in the words of our ledger: model, meter, tier. A line of a
    service that sells no model calls is out_of_scope; a line of one that does, and that no rule
    understands, is unparsed. Neither is dropped. Usage rows state their meter themselves.
*/
with

skus_read as (

    select * from {{ ref('int_provider_skus_read') }}

),

models_matched as (

    select * from {{ ref('int_provider_models_matched') }}

),

service_tier_aliases as (

    select * from {{ ref('service_tier_aliases') }}

),

scoped as (

    select
        *,
        line_kind = 'usage' or coalesce(scope_read, 'out') = 'in' as is_in_scope,
        charge_category = 'usage' as is_usage_charge
    from skus_read

),

final as (

    select

        ---------- ids
        scoped.sku_key,

        ---------- what was read
        scoped.provider,
        scoped.model_name as model_as_billed,
        case
            when not scoped.is_in_scope then '(no model)'
            else {{ canonical_model('models_matched.price_model', 'scoped.model_name') }}
        end as model,
        case
            when not scoped.is_in_scope and (
                scoped.is_usage_charge or scoped.service is not null
            ) then 'out_of_scope'
            when scoped.meter is not null then scoped.meter
            when scoped.meter_read is not null then scoped.meter_read
            when scoped.is_usage_charge then 'unparsed'
            else '(not usage)'
        end as meter,
        -- As the ledger does: a batch is a batch, whatever tier stands beside it.
        case
            when scoped.service_tier_read = 'batch' or scoped.is_batch then 'batch'
            when scoped.service_tier_read is not null then scoped.service_tier_read
            when scoped.speed_text != 'standard' then scoped.speed_text
            else coalesce(
                provider_tiers.service_tier,
                common_tiers.service_tier,
                scoped.service_tier_text,
                'standard'
            )
        end as service_tier,
        coalesce(scoped.context_tier_read, 'base') as context_tier,
        cast(scoped.unit_read as decimal(38, 6)) as units_per_quantity,
        cast(scoped.pricing_unit_read as decimal(38, 6)) as units_per_pricing_quantity,
        models_matched.price_provider,
        models_matched.price_model,

        ---------- verbatim
        scoped.source,
        scoped.line_kind,
        scoped.charge_category,
        scoped.service,
        scoped.sku_id,
        scoped.line_item,
        scoped.model as stated_model,
        scoped.token_type,
        scoped.service_tier as stated_service_tier,
        scoped.context_window,
        scoped.inference_geo,
        scoped.unit,
        scoped.pricing_unit,

        ---------- which rules
        scoped.scope_rule_id,
        scoped.meter_rule_id,
        scoped.model_rule_id

    from scoped
    left join models_matched
        on
            scoped.provider = models_matched.provider
            and scoped.model_name = models_matched.model
    left join service_tier_aliases as provider_tiers
        on
            scoped.provider = provider_tiers.provider
            and scoped.service_tier_text = provider_tiers.service_tier_as_logged
    left join service_tier_aliases as common_tiers
        on
            common_tiers.provider = '*'
            and scoped.service_tier_text = common_tiers.service_tier_as_logged

)

select * from final
