/*
Grain: one row per row of `stg_lake__calls`; none dropped, none doubled.

One hash join on the price key (seven fields as one hash), with the period, the daily window and
the context tier as ranges beside it. The context tier is chosen by all input tokens and holds for
every class of the request.

The charge columns are what the price row says. They are what was *billed* only where
`pricing_status` is list or contract: a cost the provider itself reported wins over them
(`provider_reported`), and an answer from our own cache or a refused call costs nothing
(`not_billable`). They stay filled there, as estimate and as avoided cost.

A view: priced at reading, so a price change restates nothing on disk.
*/
{% set meters = price_meters() %}
{% set token_meters = meters | selectattr('per', 'equalto', 'million') | list %}
{% set all_input %}
    coalesce(calls.uncached_input_tokens, 0)
    + coalesce(calls.cache_read_tokens, 0)
    + coalesce(calls.cache_write_5m_tokens, 0)
    + coalesce(calls.cache_write_1h_tokens, 0)
{% endset %}
{% set moment = epoch_microseconds('calls.started_at') %}

with

calls as (

    select * from {{ ref('stg_lake__calls') }}

),

prices as (

    select * from {{ ref('int_prices_matched') }}

),

charged as (

    select
        calls.*,
        prices.price_id,
        prices.price_provider,
        prices.price_model,
        prices.price_service_tier,
        prices.input_tokens_over,
        prices.pricing_status as price_source_status,
        {% for meter in meters %}
            prices.{{ price_column(meter) }},
        {% endfor %}
        {% for meter in meters if meter.name != 'request' %}
            {{ charge_usd(meter) }} as charge_{{ meter.name }}_usd,
        {% endfor %}
        prices.request_fee_usd as charge_request_usd,
        -- The same lines summed.
        case
            when {{ is_plain() }} then {{ plain_charge_usd() }}
            else
                prices.request_fee_usd
                {% for meter in meters if meter.name != 'request' %}
                    + {{ charge_usd(meter) }}
                {% endfor %}
        end as computed_cost_usd,
        -- What caching saved: reads at the full input price minus their price, minus the surcharge
        -- of writes over plain input.
        case
            when
                coalesce(
                    nullif(calls.cache_read_tokens, 0),
                    nullif(calls.cache_write_5m_tokens, 0),
                    nullif(calls.cache_write_1h_tokens, 0)
                ) is null
                then 0
            when {{ is_plain() }} then {{ plain_cache_saving_usd() }}
            else
                0
                {% for meter in token_meters if meter.name.startswith('cache_') %}
                    + ({{ cache_saving_usd(meter) }})
                {% endfor %}
        end as priced_cache_savings_usd,
        -- What input cost beyond the price of reading it from the cache; nothing where the model
        -- has no such price.
        case
            when prices.cache_read_usd_per_million is null then 0
            when
                {{ is_plain() }}
                and prices.cache_read_plain_below > 1
                then {{ plain_read_premium_usd() }}
            else
                0
                {% for meter in unread_input_meters() %}
                    + ({{ read_premium_usd(meter) }})
                {% endfor %}
        end as priced_cache_miss_premium_usd,
        case
            when calls.usage_status != 'missing' then false
            when calls.outcome = 'rate_limited' then true
            else calls.outcome = 'error' and coalesce(calls.http_status, 0) >= 400
        end as is_refused
    from calls
    left join prices
        on
            {{ price_key_hash('calls') }} = {{ price_key_hash('prices') }}
            and {{ moment }} >= prices.valid_from_us
            and {{ moment }} < prices.valid_until_us
            and {{ moment }} % 86400000000 >= prices.daily_from_us
            and {{ moment }} % 86400000000 < prices.daily_to_us
            -- Strictly more than the threshold; a call without input is in the base tier.
            and greatest({{ all_input }}, 1) > prices.input_tokens_over
            and greatest({{ all_input }}, 1) <= prices.input_tokens_up_to

),

final as (

    select
        charged.*,
        cast(
            case
                when is_cache_hit then 0
                when provider_cost_usd is not null then provider_cost_usd
                when is_refused then 0
                when usage_status = 'missing' then null
                else computed_cost_usd
            end as decimal(38, 12)
        ) as billed_cost_usd,
        case
            when is_cache_hit then 'not_billable'
            when provider_cost_usd is not null then 'provider_reported'
            when is_refused then 'not_billable'
            when usage_status = 'missing' then 'unpriced'
            when computed_cost_usd is null then 'unpriced'
            else price_source_status
        end as pricing_status,
        cast(
            case
                when is_cache_hit or is_refused then 0
                else priced_cache_savings_usd
            end as decimal(38, 12)
        ) as cache_savings_usd,
        cast(
            case
                when is_cache_hit or is_refused then 0
                else priced_cache_miss_premium_usd
            end as decimal(38, 12)
        ) as cache_miss_premium_usd
    from charged

)

select * from final
