/*
Grain: one row per price key (the seven fields of `int_price_keys_collected`) and price row that
can apply to it.

Picks for each key its model, service tier and project scope, then multiplies by what the key's
`inference_geo` or `speed` adds. A view, so that `reprice` can run it over other seeds; builds read
the table `int_prices_matched`.
*/
{% set meters = price_meters() %}

with

price_keys as (

    select * from {{ ref('int_price_keys_collected') }}

),

models_matched as (

    select * from {{ ref('int_models_matched') }}

),

prices_effective as (

    select * from {{ ref('int_prices_effective') }}

),

service_tier_aliases as (

    select * from {{ ref('service_tier_aliases') }}

),

price_modifiers as (

    select * from {{ ref('price_modifiers') }}

),

-- A batch is a batch whatever tier is logged beside it; a tier nobody logged is the standard one.
keys_resolved as (

    select
        price_keys.*,
        models_matched.price_provider,
        models_matched.price_model,
        case
            when price_keys.is_batch then 'batch'
            when lower(price_keys.speed) != 'standard' then lower(price_keys.speed)
            else coalesce(
                provider_tiers.service_tier,
                common_tiers.service_tier,
                lower(price_keys.service_tier),
                'standard'
            )
        end as price_service_tier
    from price_keys
    inner join models_matched
        on
            price_keys.provider = models_matched.provider
            and price_keys.model = models_matched.model
    left join service_tier_aliases as provider_tiers
        on
            price_keys.provider = provider_tiers.provider
            and lower(price_keys.service_tier) = provider_tiers.service_tier_as_logged
    left join service_tier_aliases as common_tiers
        on
            common_tiers.provider = '*'
            and lower(price_keys.service_tier) = common_tiers.service_tier_as_logged

),

project_scopes as (

    select distinct
        provider,
        model,
        project_scope
    from prices_effective
    where project_scope != '*'

),

keys_scoped as (

    select
        keys_resolved.*,
        coalesce(project_scopes.project_scope, '*') as price_project_scope
    from keys_resolved
    left join project_scopes
        on
            keys_resolved.price_provider = project_scopes.provider
            and keys_resolved.price_model = project_scopes.model
            and keys_resolved.project_id = project_scopes.project_scope

),

prices_found as (

    select
        keys_scoped.*,
        prices_effective.price_id,
        prices_effective.pricing_status,
        prices_effective.input_tokens_over,
        prices_effective.input_tokens_up_to,
        prices_effective.daily_from_us,
        prices_effective.daily_to_us,
        prices_effective.valid_from,
        prices_effective.valid_until,
        {% for meter in meters %}
            prices_effective.{{ price_column(meter) }},
        {% endfor %}
        coalesce(geo_modifiers.multiplier, cast(1 as decimal(9, 6))) as token_multiplier,
        geo_modifiers.value as modified_by
    from keys_scoped
    inner join prices_effective
        on
            keys_scoped.price_provider = prices_effective.provider
            and keys_scoped.price_model = prices_effective.model
            and keys_scoped.price_service_tier = prices_effective.service_tier
            and keys_scoped.price_project_scope = prices_effective.project_scope
    left join price_modifiers as geo_modifiers
        on
            geo_modifiers.field = 'inference_geo'
            and keys_scoped.price_provider = geo_modifiers.provider
            and lower(keys_scoped.inference_geo) = geo_modifiers.value
            and {{ fits_pattern('keys_scoped.price_model', 'geo_modifiers.model_pattern') }}
            and prices_effective.valid_from >= geo_modifiers.valid_from
            and (
                geo_modifiers.valid_to is null
                or prices_effective.valid_from < geo_modifiers.valid_to
            )

),

multiplied as (

    select
        provider,
        model,
        service_tier,
        is_batch,
        speed,
        inference_geo,
        project_id,
        price_provider,
        price_model,
        price_service_tier,
        case
            when modified_by is null then price_id
            else price_id || '*inference_geo=' || modified_by
        end as price_id,
        pricing_status,
        input_tokens_over,
        input_tokens_up_to,
        daily_from_us,
        daily_to_us,
        valid_from,
        valid_until,
        {{ epoch_microseconds('valid_from') }} as valid_from_us,
        {{ epoch_microseconds('valid_until') }} as valid_until_us,
    {% for meter in meters %}
    {% if meter.per == 'million' %}
        cast(
            cast({{ price_column(meter) }} as decimal(27, 9)) * token_multiplier as decimal(18, 9)
        ) as {{ price_column(meter) }}{{ ',' if not loop.last }}
    {% else %}
        {{ price_column(meter) }}{{ ',' if not loop.last }}
    {% endif %}
    {% endfor %}
    from prices_found

),

scaled as (

    select
        *,
        -- Unit prices only where charge_usd can multiply them exactly, and below ten cents a token.
        -- No request price is no request fee; every other missing price leaves its meter unpriced.
        coalesce(
            cast(request_usd_per_thousand * 0.001 as decimal(38, 12)),
            cast(0 as decimal(38, 12))
        ) as request_fee_usd,
    {% for meter in meters %}
        case
            when
                {{ price_column(meter) }}
                < {{ "100000" if meter.per == "million" else "100000000" }}
                and cast(
                    {{ price_column(meter) }} * {{ one_unit_of(meter) }} as decimal(18, 12)
                ) = {{ price_column(meter) }} * {{ one_unit_of(meter) }}
                then cast(
                    {{ price_column(meter) }} * {{ one_unit_of(meter) }} as decimal(18, 12)
                    )
        end as {{ unit_price_column(meter) }}{{ ',' if not loop.last }}
    {% endfor %}
    from multiplied

),

-- The common meters once more as whole numbers of picodollars, and below how many tokens those say
-- the same as the prices above: see is_plain.
final as (

    select
        scaled.*,
        {% for meter in common_meters() %}
            {{ picodollars(unit_price_column(meter)) }} as {{ plain_price_column(meter) }},
            case
                when {{ unit_price_column(meter) }} is null then 1
                {% if meter.name.startswith('cache_') %}
                    when {{ unit_price_column(full_price_meter(meter)) }} is null then 1
                {% endif %}
                else 10000000
            end as {{ plain_below_column(meter) }},
            {% if meter.name.startswith('cache_') %}
                {{ picodollars(unit_price_column(full_price_meter(meter))) }}
                - {{ picodollars(unit_price_column(meter)) }} as {{ plain_saving_column(meter) }},
            {% endif %}
        {% endfor %}
        {{ picodollars('request_fee_usd') }} as request_fee_picodollars
    from scaled

)

select * from final
