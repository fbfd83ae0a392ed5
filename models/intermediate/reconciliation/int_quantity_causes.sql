{{ config(materialized='table') }}

/*
    Grain: as int_quantities_compared; only cells whose quantities differ, with the cause.

    Read within one key, day and model, across its meters and tiers, the exact proofs first: the
    same usage under another tier, another input class, another day. What is left is read by the
    provider's request count: more than ours, we missed calls; fewer, we hold some twice; equal,
    the calls are the same and their tokens differ. What none of it proves is `mixed`.
    Where calls of ours without a key stand beside keys we do not log, more is use of those keys.
    A tool without a request count of its own is read by that of the whole account's day.
*/
{% set input_classes = [
    'input', 'cache_read', 'cache_write_5m', 'cache_write_1h', 'input_audio', 'cache_read_audio'
] %}
{% set key_day = 'provider, billing_account_id, usage_date, group_key, model' %}

with

cells as (

    select
        *,
        meter in (
            {% for name in input_classes %}
                '{{ name }}'{{ ',' if not loop.last }}
            {% endfor %}
        ) as is_input,
        meter in ('cache_write_5m', 'cache_write_1h') as is_cache_write,
        {{ is_tool_meter('meter') }} as is_tool
    from {{ ref('int_quantities_compared') }}
    where is_compared or not is_tracked or meter = 'requests'

),

metered_models as (

    select distinct
        provider,
        billing_account_id,
        model
    from {{ ref('int_metered_usage_by_account') }}

),

metered_tools as (

    select distinct
        provider,
        billing_account_id,
        billing_month,
        meter
    from {{ ref('int_metered_usage_by_account') }}
    where quantity <> 0

),

-- The neighbouring day of the same key and meter, if it lies in another month.
neighbours as (

    select
        cells.*,
        lag(quantity_difference) over days as difference_before,
        lag(usage_date) over days as date_before,
        lead(quantity_difference) over days as difference_after,
        lead(usage_date) over days as date_after
    from cells
    window days as (
        partition by provider, billing_account_id, group_key, model, meter, service_tier
        order by usage_date
    )

),

weighed as (

    select
        neighbours.*,
        sum(quantity_difference) over (
            partition by
                provider, billing_account_id, billing_month, group_key, model, meter, service_tier
        ) as month_difference,
        sum(quantity_difference) over (partition by {{ key_day }}, meter) as tiers_difference,
        sum(case when is_input then quantity_difference else 0 end) over (
            partition by {{ key_day }}, service_tier
        ) as input_difference,
        sum(case when is_cache_write then quantity_difference else 0 end) over (
            partition by {{ key_day }}, service_tier
        ) as cache_write_difference,
        sum(case when is_input and not is_cache_write then abs(quantity_difference) else 0 end)
            over (partition by {{ key_day }}, service_tier) as other_input_distance
    from neighbours

),

-- A whole month that agrees for every meter of a key and model was only counted on other days.
months as (

    select
        weighed.*,
        max(abs(month_difference)) over (
            partition by provider, billing_account_id, billing_month, group_key, model
        ) as largest_month_difference
    from weighed

),

-- Exact proofs: the difference is somewhere else with the opposite sign.
proven as (

    select
        months.*,
        case
            when not is_tracked then 'untracked'
            when quantity_difference = 0 then ''
            when largest_month_difference = 0 then 'day_shift'
            when
                date_after = cast(usage_date + interval 1 day as date)
                and {{ billing_month_of('date_after') }} <> billing_month
                and difference_after = -quantity_difference
                then 'day_shift'
            when
                date_before = cast(usage_date - interval 1 day as date)
                and {{ billing_month_of('date_before') }} <> billing_month
                and difference_before = -quantity_difference
                then 'day_shift'
            when tiers_difference = 0 then 'tier_mix'
            when is_cache_write and cache_write_difference = 0 and other_input_distance = 0
                then 'cache_write_split'
            when is_input and input_difference = 0 then 'cache_split'
        end as proven_cause
    from months

),

-- What is left of a key's day, for all its meters together.
judged as (

    select
        proven.*,
        sum(
            case
                when meter = 'requests' and proven_cause is null then quantity_difference
                else 0
            end
        ) over key_days as request_difference,
        max(case when meter = 'requests' then 1 else 0 end) over key_days as has_own_requests,
        sum(
            case
                when meter = 'requests' and proven_cause is null then quantity_difference
                else 0
            end
        ) over (partition by provider, billing_account_id, usage_date)
            as account_request_difference,
        max(case when has_unknown_keys then 1 else 0 end) over key_days as beside_unknown_keys,
        sum(partial_call_count) over key_days as key_partial_call_count,
        min(
            case
                when proven_cause is null and meter <> 'requests' and not is_tool
                    then quantity_difference
            end
        ) over key_days as lowest_difference,
        max(
            case
                when proven_cause is null and meter <> 'requests' and not is_tool
                    then quantity_difference
            end
        ) over key_days as highest_difference,
        max(
            case
                when
                    proven_cause is null
                    and meter not in ('requests', 'output', 'output_audio')
                    and not is_tool
                    then 1
                else 0
            end
        ) over key_days as differs_in_input
    from proven
    window key_days as (partition by {{ key_day }})

),

named as (

    select
        judged.*,
        case
            when
                not judged.is_tracked
                and (metered_models.provider is not null or judged.meter = 'requests')
                then 'untracked_keys'
            when not judged.is_tracked then 'untracked_models'
            when judged.proven_cause is not null then judged.proven_cause
            when
                judged.is_tool
                and judged.quantity_difference > 0
                and metered_tools.provider is null
                then 'tool_fees'
            when judged.is_tool and not judged.has_request_counts then 'mixed'
            when judged.is_tool and judged.has_own_requests = 0
                then case
                    when judged.beside_unknown_keys = 1 and judged.quantity_difference > 0
                        then 'untracked_keys'
                    when
                        judged.account_request_difference > 0
                        and judged.quantity_difference > 0
                        then 'missing_calls'
                    when
                        judged.account_request_difference < 0
                        and judged.quantity_difference < 0
                        then 'duplicate_calls'
                    else 'mixed'
                end
            when
                judged.beside_unknown_keys = 1
                and (judged.request_difference > 0 or not judged.has_request_counts)
                and coalesce(judged.lowest_difference, 0) >= 0
                then 'untracked_keys'
            when not judged.has_request_counts
                then case
                    when
                        judged.key_partial_call_count > 0
                        and judged.lowest_difference > 0
                        and judged.differs_in_input = 0
                        then 'aborted_streams'
                    else 'mixed'
                end
            when judged.request_difference > 0 and coalesce(judged.lowest_difference, 0) >= 0
                then 'missing_calls'
            when judged.request_difference < 0 and coalesce(judged.highest_difference, 0) <= 0
                then 'duplicate_calls'
            when judged.request_difference <> 0 then 'mixed'
            when judged.key_partial_call_count > 0 and judged.lowest_difference >= 0
                then 'aborted_streams'
            when judged.lowest_difference >= 0 then 'tokens_undercounted'
            when judged.highest_difference <= 0 then 'tokens_overcounted'
            else 'mixed'
        end as cause
    from judged
    left join metered_models
        on
            judged.provider = metered_models.provider
            and judged.billing_account_id = metered_models.billing_account_id
            and judged.model = metered_models.model
    left join metered_tools
        on
            judged.provider = metered_tools.provider
            and judged.billing_account_id = metered_tools.billing_account_id
            and judged.billing_month = metered_tools.billing_month
            and judged.meter = metered_tools.meter

),

final as (

    select
        provider,
        billing_account_id,
        billing_month,
        usage_date,
        group_key,
        model,
        meter,
        service_tier,
        cause,
        case
            when not is_tracked or cause = 'untracked_keys' then 32
            when cause = 'day_shift' then 20
            else 31
        end as step,
        quantity_difference,
        unit_price_usd,
        cast(
            coalesce({{ usd_at('quantity_difference', 'unit_price_usd') }}, 0) as decimal(38, 12)
        ) as amount_usd
    from named
    where quantity_difference <> 0

)

select * from final
