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
    picodollars, which is nearly all, the sum times the price is the sum of the charges.
    `used_meters` has a bit for each meter a call uses, so that it is known of each sum whether all
    its calls have a price. Calls with rare meters, at finer prices or with a cost of the provider's
    own are charged one by one.
*/
{% set meters = price_meters() | rejectattr('name', 'equalto', 'request') | list %}
{% set common = common_meters() %}
{% set said = [
    'event_date', 'provider', 'model', 'project_id', 'api_key_id', 'price_id', 'service_tier',
    'is_batch', 'speed'
] %}
{% set day = [
    'event_date', 'provider_date', 'cost_date', 'provider', 'project_id', 'api_key_id', 'model',
    'service_tier', 'pricing_status', 'price_id'
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

-- The pass over nearly all calls.
plain_sums as (

    select
        {% for column in said %}
            calls.{{ column }},
        {% endfor %}
        {{ utc_hour('calls.started_at') }} as hour_at,
        {{ reporting_date('calls.started_at', 'calls.event_date') }} as cost_date,
        calls.usage_status = 'missing' as is_missing,
        {% for meter in common %}
            {{ '+ ' if not loop.first -}}
            case when calls.{{ usage_column(meter) }} > 0 then {{ 2 ** loop.index0 }} else 0 end
        {% endfor %}
            as used_meters,
        count(*) as row_count,
        sum(case when calls.component_index = 0 then 1 else 0 end) as call_count,
        sum(
            case when calls.component_index = 0 and calls.usage_status = 'partial' then 1 else 0 end
        ) as partial_call_count,
    {% for meter in common %}
        sum(greatest(calls.{{ usage_column(meter) }}, 0)) as {{ meter.name }}_quantity
        {{- ',' if not loop.last }}
    {% endfor %}
    from {{ ref('int_calls_priced') }} as calls
    left join fine_prices
        on calls.price_id = fine_prices.price_id
    where
        {{ is_billed_call('calls') }}
        and {{ in_touched_dates('calls.event_date') }}
        and calls.provider_cost_usd is null
        and {{ rare_usage('calls') }} is null
        and fine_prices.price_id is null
    group by
        {% for column in said %}
            calls.{{ column }},
        {% endfor %}
        {{ utc_hour('calls.started_at') }},
        {{ reporting_date('calls.started_at', 'calls.event_date') }},
        calls.usage_status = 'missing',
        {% for meter in common %}
            {{ '+ ' if not loop.first -}}
            case when calls.{{ usage_column(meter) }} > 0 then {{ 2 ** loop.index0 }} else 0 end
        {% endfor %}

),

-- The few calls that are charged one by one.
other_sums as (

    {% for is_fine in (false, true) %}
        {{ 'union all' if is_fine }}
        select
            {% for column in said %}
                calls.{{ column }},
            {% endfor %}
            {{ utc_hour('calls.started_at') }} as hour_at,
            {{ reporting_date('calls.started_at', 'calls.event_date') }} as cost_date,
            calls.pricing_status,
            sum(case when calls.component_index = 0 then 1 else 0 end) as call_count,
            sum(
                case when calls.component_index = 0 and calls.usage_status = 'partial' then 1 else 0
                end
            ) as partial_call_count,
            sum(calls.provider_cost_usd) as provider_cost_usd,
            sum(calls.charge_request_usd) as charge_request_usd,
        {% for meter in meters %}
            sum(greatest({{ meter.quantity }}, 0)) as {{ meter.name }}_quantity,
            sum(calls.charge_{{ meter.name }}_usd) as charge_{{ meter.name }}_usd
            {{- ',' if not loop.last }}
        {% endfor %}
        from {{ ref('int_calls_priced') }} as calls
        {% if is_fine %}
            inner join fine_prices
                on calls.price_id = fine_prices.price_id
        {% endif %}
        where
            {{ is_billed_call('calls') }}
            and {{ in_touched_dates('calls.event_date') }}
            {% if is_fine %}
                and calls.provider_cost_usd is null
                and {{ rare_usage('calls') }} is null
            {% else %}
                and (
                    calls.provider_cost_usd is not null
                    or {{ rare_usage('calls') }} is not null
                )
            {% endif %}
        group by
            {% for column in said %}
                calls.{{ column }},
            {% endfor %}
            {{ utc_hour('calls.started_at') }},
            {{ reporting_date('calls.started_at', 'calls.event_date') }},
            calls.pricing_status
    {% endfor %}

),

sums_priced as (

    select
        {% for column in said + ['hour_at', 'cost_date'] %}
            plain_sums.{{ column }},
        {% endfor %}
        case
            when plain_sums.is_missing or prices.price_id is null then 'unpriced'
            {% for meter in common %}
                when
                    plain_sums.used_meters // {{ 2 ** loop.index0 }} % 2 = 1
                    and prices.{{ price_column(meter) }} is null
                    then 'unpriced'
            {% endfor %}
            else prices.pricing_status
        end as pricing_status,
        plain_sums.call_count,
        plain_sums.partial_call_count,
        null as provider_cost_usd,
        cast(plain_sums.row_count as decimal(20, 0)) * prices.request_fee_usd
            as charge_request_usd,
    {% for meter in meters %}
        {{ 'plain_sums.' ~ meter.name ~ '_quantity' if meter in common else 0 }}
            as {{ meter.name }}_quantity,
        {{ plain_charge_of(meter) if meter in common else 0 }} as charge_{{ meter.name }}_usd
        {{- ',' if not loop.last }}
    {% endfor %}
    from plain_sums
    left join prices
        on plain_sums.price_id = prices.price_id

    union all

    select
        {% for column in said + ['hour_at', 'cost_date'] %}
            other_sums.{{ column }},
        {% endfor %}
        other_sums.pricing_status,
        other_sums.call_count,
        other_sums.partial_call_count,
        other_sums.provider_cost_usd,
        other_sums.charge_request_usd,
    {% for meter in meters %}
        other_sums.{{ meter.name }}_quantity,
        other_sums.charge_{{ meter.name }}_usd{{ ',' if not loop.last }}
    {% endfor %}
    from other_sums

),

priced as (

    select
        sums_priced.*,
        prices.price_model,
        prices.price_service_tier,
    {% for meter in meters %}
        prices.{{ price_column(meter) }}{{ ',' if not loop.last }}
    {% endfor %}
    from sums_priced
    left join prices
        on sums_priced.price_id = prices.price_id

),

-- The provider's words for model and tier, and the days of both clocks.
named as (

    select
        priced.event_date,
        {{ date_in_zone_of('priced.hour_at', "coalesce(billing_clocks.time_zone, 'UTC')") }}
            as provider_date,
        priced.cost_date,
        {{ or_unattributed('priced.provider') }} as provider,
        {{ or_unattributed('priced.project_id') }} as project_id,
        {{ or_unattributed('priced.api_key_id') }} as api_key_id,
        {{ canonical_model(
            'coalesce(priced.price_model, models_matched.price_model)', 'priced.model'
        ) }} as model,
        case
            when priced.price_service_tier is not null then priced.price_service_tier
            when priced.is_batch then 'batch'
            when lower(priced.speed) <> 'standard' then lower(priced.speed)
            else coalesce(
                provider_tiers.service_tier,
                common_tiers.service_tier,
                lower(priced.service_tier),
                'standard'
            )
        end as service_tier,
        priced.pricing_status,
        priced.price_id,
        priced.call_count,
        priced.partial_call_count,
        priced.provider_cost_usd,
        priced.charge_request_usd,
    {% for meter in meters %}
        priced.{{ price_column(meter) }},
        priced.{{ meter.name }}_quantity,
        priced.charge_{{ meter.name }}_usd{{ ',' if not loop.last }}
    {% endfor %}
    from priced
    left join models_matched
        on
            priced.provider = models_matched.provider
            and priced.model = models_matched.model
    left join billing_clocks -- noqa: ST11
        on priced.provider = billing_clocks.provider
    left join service_tier_aliases as provider_tiers
        on
            priced.provider = provider_tiers.provider
            and lower(priced.service_tier) = provider_tiers.service_tier_as_logged
    left join service_tier_aliases as common_tiers
        on
            common_tiers.provider = '*'
            and lower(priced.service_tier) = common_tiers.service_tier_as_logged

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
