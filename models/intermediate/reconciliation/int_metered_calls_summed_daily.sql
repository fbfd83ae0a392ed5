{{ config(
    materialized='incremental',
    incremental_strategy='touched_dates',
    unique_key='event_date',
    on_schema_change='fail',
) }}

/*
    Grain: event_date, provider_date, cost_date, provider, project_id, api_key_id, model,
    service_tier, pricing_status, price_id.

    What our own ledger says each key used and what that costs, in the words a provider's export
    uses, all meters side by side. Calls are summed first and priced afterwards: at prices of whole
    picodollars, which is nearly all, the sum times the price is the sum of the charges. Calls at
    finer prices, and fractions of seconds, round; they are charged one by one.

    The calls are grouped by the number of their price key instead of its seven texts, and by the
    hour only where the provider's clock is not UTC.
*/
{% set meters = price_meters() | rejectattr('name', 'equalto', 'request') | list %}
{% set day = [
    'event_date', 'provider_date', 'cost_date', 'provider', 'project_id', 'api_key_id', 'model',
    'service_tier', 'pricing_status', 'price_id'
] %}
{% set keys %}
        calls.event_date,
        case
            when billing_clocks.time_zone is not null then {{ utc_hour('calls.started_at') }}
        end as clock_hour,
        {{ reporting_date('calls.started_at', 'calls.event_date') }} as cost_date,
        {{ price_key_hash('calls') }} as price_key_hash,
        calls.api_key_id,
        calls.price_id
{% endset %}
{% set grouped_keys = [
    'event_date', 'clock_hour', 'cost_date', 'price_key_hash', 'api_key_id', 'price_id'
] %}

with

prices as (

    select
        price_id,
        max(price_model) as price_model,
        max(price_service_tier) as price_service_tier,
        max(pricing_status) as pricing_status,
        max(request_fee_usd) as request_fee_usd,
    {% for meter in meters %}
        max({{ price_column(meter) }}) as {{ price_column(meter) }},
        max({{ unit_price_column(meter) }}) as {{ unit_price_column(meter) }}
        {{- ',' if not loop.last }}
    {% endfor %}
    from {{ ref('int_prices_matched') }}
    group by price_id

),

fine_prices as (

    select price_id
    from prices
    where
        {% for meter in meters %}
            {{ 'or ' if not loop.first }}(
                {{ price_column(meter) }} is not null and {{ unit_price_column(meter) }} is null
            )
        {% endfor %}

),

models_matched as (

    select * from {{ ref('int_models_matched') }}

),

service_tier_aliases as (

    select * from {{ ref('service_tier_aliases') }}

),

billing_clocks as (

    select * from {{ ref('billing_clocks') }}

),

price_keys as (

    select
        keys_collected.*,
        {{ price_key_hash('keys_collected') }} as price_key_hash
    from {{ ref('int_price_keys_collected') }} as keys_collected

),

-- The pass over all calls; summed after it, the few that are charged one by one.
summed_calls as (

    select
        {{ keys }},
        calls.provider_cost_usd is not null as is_reported,
        case
            when calls.provider_cost_usd is not null then false
            when calls.usage_status = 'missing' or calls.price_id is null then true
            -- Nearly every call: five meters to look at, not thirteen.
            when {{ uses_common_meters_only('calls') }}
                then
                    {% for meter in common_meters() %}
                        {{ 'or ' if not loop.first }}(
                            {{ meter.plain }} > 0 and calls.{{ price_column(meter) }} is null
                        )
                    {% endfor %}
            else
                {% for meter in meters %}
                    {{ 'or ' if not loop.first }}(
                        {{ meter.quantity }} > 0 and calls.{{ price_column(meter) }} is null
                    )
                {% endfor %}
        end as is_unpriced,
        calls.component_index = 0 as is_call,
        calls.component_index = 0 and calls.usage_status = 'partial' as is_partial_call,
        calls.provider_cost_usd,
    {% for meter in meters %}
        greatest({{ meter.quantity }}, 0) as {{ meter.name }}_quantity
        {{- ',' if not loop.last }}
    {% endfor %}
    from {{ ref('int_calls_priced') }} as calls
    left join billing_clocks
        on calls.provider = billing_clocks.provider
    left join fine_prices
        on calls.price_id = fine_prices.price_id
    where
        {{ is_billed_call('calls') }}
        and {{ in_touched_dates('calls.event_date') }}
        and (
            calls.provider_cost_usd is not null
            or (fine_prices.price_id is null and coalesce(calls.audio_seconds, 0) <= 0)
        )

),

sums as (

    select
        {{ grouped_keys | join(',\n        ') }},
        is_reported,
        is_unpriced,
        count(*) as row_count,
        count(*) filter (where is_call) as call_count,
        count(*) filter (where is_partial_call) as partial_call_count,
        sum(provider_cost_usd) as provider_cost_usd,
    {% for meter in meters %}
        sum({{ meter.name }}_quantity) as {{ meter.name }}_quantity{{ ',' if not loop.last }}
    {% endfor %}
    from summed_calls
    group by {{ grouped_keys | join(', ') }}, is_reported, is_unpriced

),

charged_calls as (

    {% for is_fine in (false, true) %}
        {{ 'union all' if is_fine }}
        select
            {{ keys }},
            calls.pricing_status,
            calls.component_index = 0 as is_call,
            calls.component_index = 0 and calls.usage_status = 'partial' as is_partial_call,
            calls.charge_request_usd,
        {% for meter in meters %}
            greatest({{ meter.quantity }}, 0) as {{ meter.name }}_quantity,
            calls.charge_{{ meter.name }}_usd{{ ',' if not loop.last }}
        {% endfor %}
        from {{ ref('int_calls_priced') }} as calls
        {% if is_fine %}
            inner join fine_prices
                on calls.price_id = fine_prices.price_id
        {% endif %}
        left join billing_clocks
            on calls.provider = billing_clocks.provider
        where
            {{ is_billed_call('calls') }}
            and {{ in_touched_dates('calls.event_date') }}
            and calls.provider_cost_usd is null
            {% if is_fine %}
                and coalesce(calls.audio_seconds, 0) <= 0
            {% else %}
                and calls.audio_seconds > 0
            {% endif %}
    {% endfor %}

),

sums_priced as (

    select
        {% for column in grouped_keys %}
            sums.{{ column }},
        {% endfor %}
        case
            when sums.is_reported then 'provider_reported'
            when sums.is_unpriced then 'unpriced'
            else prices.pricing_status
        end as pricing_status,
        sums.call_count,
        sums.partial_call_count,
        sums.provider_cost_usd,
        cast(sums.row_count as decimal(20, 0)) * prices.request_fee_usd as charge_request_usd,
    {% for meter in meters %}
        sums.{{ meter.name }}_quantity,
        {{ 0 if meter.name == 'audio_second' else summed_charge_of(meter) }}
            as charge_{{ meter.name }}_usd{{ ',' if not loop.last }}
    {% endfor %}
    from sums
    left join prices
        on sums.price_id = prices.price_id

    union all

    select
        {{ grouped_keys | join(',\n        ') }},
        pricing_status,
        count(*) filter (where is_call) as call_count,
        count(*) filter (where is_partial_call) as partial_call_count,
        null as provider_cost_usd,
        sum(charge_request_usd) as charge_request_usd,
    {% for meter in meters %}
        sum({{ meter.name }}_quantity) as {{ meter.name }}_quantity,
        sum(charge_{{ meter.name }}_usd) as charge_{{ meter.name }}_usd{{ ',' if not loop.last }}
    {% endfor %}
    from charged_calls
    group by {{ grouped_keys | join(', ') }}, pricing_status

),

-- Few hours, many sums: a zone's calendar is asked once an hour.
clock_hours as (

    select distinct clock_hour
    from sums_priced
    where clock_hour is not null

),

zones as (

    select distinct time_zone
    from billing_clocks

),

clock_days as (

    select
        clock_hours.clock_hour,
        zones.time_zone,
        {{ date_in_zone_of('clock_hours.clock_hour', 'zones.time_zone') }} as provider_date
    from clock_hours
    cross join zones

),

-- The words of keys and prices, and the provider's word for the tier; also few.
keys_named as (

    select
        price_keys.price_key_hash,
        billing_clocks.time_zone,
        {{ or_unattributed('price_keys.provider') }} as provider,
        {{ or_unattributed('price_keys.project_id') }} as project_id,
        price_keys.model as model_as_called,
        models_matched.price_model,
        case
            when price_keys.is_batch then 'batch'
            when lower(price_keys.speed) <> 'standard' then lower(price_keys.speed)
            else coalesce(
                provider_tiers.service_tier,
                common_tiers.service_tier,
                lower(price_keys.service_tier),
                'standard'
            )
        end as service_tier
    from price_keys
    left join models_matched
        on
            price_keys.provider = models_matched.provider
            and price_keys.model = models_matched.model
    left join billing_clocks
        on price_keys.provider = billing_clocks.provider
    left join service_tier_aliases as provider_tiers
        on
            price_keys.provider = provider_tiers.provider
            and lower(price_keys.service_tier) = provider_tiers.service_tier_as_logged
    left join service_tier_aliases as common_tiers
        on
            common_tiers.provider = '*'
            and lower(price_keys.service_tier) = common_tiers.service_tier_as_logged

),

named as (

    select
        sums_priced.event_date,
        coalesce(clock_days.provider_date, sums_priced.event_date) as provider_date,
        sums_priced.cost_date,
        keys_named.provider,
        keys_named.project_id,
        {{ or_unattributed('sums_priced.api_key_id') }} as api_key_id,
        {{ canonical_model(
            'coalesce(prices.price_model, keys_named.price_model)', 'keys_named.model_as_called'
        ) }} as model,
        coalesce(prices.price_service_tier, keys_named.service_tier) as service_tier,
        sums_priced.pricing_status,
        sums_priced.price_id,
        sums_priced.call_count,
        sums_priced.partial_call_count,
        sums_priced.provider_cost_usd,
        sums_priced.charge_request_usd,
    {% for meter in meters %}
        prices.{{ price_column(meter) }},
        sums_priced.{{ meter.name }}_quantity,
        sums_priced.charge_{{ meter.name }}_usd{{ ',' if not loop.last }}
    {% endfor %}
    from sums_priced
    inner join keys_named
        on sums_priced.price_key_hash = keys_named.price_key_hash
    left join clock_days
        on
            keys_named.time_zone = clock_days.time_zone
            and sums_priced.clock_hour = clock_days.clock_hour
    left join prices
        on sums_priced.price_id = prices.price_id

),

final as (

    select
        {{ day | join(',\n        ') }},
        cast(sum(call_count) as decimal(38, 6)) as call_count,
        cast(sum(partial_call_count) as decimal(38, 6)) as partial_call_count,
        cast(sum(provider_cost_usd) as decimal(38, 12)) as provider_cost_usd,
        cast(sum(charge_request_usd) as decimal(38, 12)) as charge_request_usd,
    {% for meter in meters %}
        max({{ price_column(meter) }}) as {{ price_column(meter) }},
        cast(sum({{ meter.name }}_quantity) as decimal(38, 6)) as {{ meter.name }}_quantity,
        cast(sum(charge_{{ meter.name }}_usd) as decimal(38, 12))
            as charge_{{ meter.name }}_usd{{ ',' if not loop.last }}
    {% endfor %}
    from named
    group by {{ day | join(', ') }}

)

select * from final
