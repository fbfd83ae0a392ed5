/*
    Grain: provider, billing_account_id, usage_date, model, meter, service_tier, currency.

    The price a provider's cost and quantity imply, beside ours, and the likely reason where they
    differ by more than half a percent, on the day it does:
    - a factor of 50 or more is a unit, not a price;
    - the price of another tier, or one between two tiers that no price list would print, is a
      mix of tiers, above all when the provider's own usage export splits the day that way;
    - the same share off every model of the account, or off what the provider itself calls list,
      is a discount; anything else is a price that changed, theirs or ours.
    The ratio is for people and no money is made of it.
*/
with

compared as (

    select * from {{ ref('int_provider_prices_compared_daily') }}

),

measured as (

    select
        *,
        {{ share_of('cost', 'own_cost') }} as ratio,
        1000000 * {{ share_of('cost', 'quantity') }} as price_per_million,
        case when cost = round(cost, 2) then 1 else 0 end as is_in_cents,
        abs(cost - own_cost) <= cast(own_cost * 0.005 as decimal(38, 12)) as is_own_price
    from compared

),

-- What the other models of the account show the same day.
surrounded as (

    select
        *,
        round(ratio, 3) as shown_ratio,
        max(case when is_own_price then 1 else 0 end) over (
            partition by provider, billing_account_id, usage_date
        ) as account_has_own_price,
        min(case when not is_own_price then round(ratio, 3) end) over (
            partition by provider, billing_account_id, usage_date
        ) as lowest_ratio,
        max(case when not is_own_price then round(ratio, 3) end) over (
            partition by provider, billing_account_id, usage_date
        ) as highest_ratio,
        -- A price list prints at most three decimals a million; cents make that unsure.
        abs(price_per_million - round(price_per_million, 3))
        <= 0.000001 * price_per_million
        + is_in_cents * 5000 * {{ share_of('line_count', 'quantity') }} as is_list_like
    from measured

),

found as (

    select
        *,
        case
            when coalesce(quantity, 0) = 0 then 'no_quantity'
            when own_cost is null then 'no_own_price'
            when is_own_price then 'match'
            when cost = 0 then 'free'
            when is_in_cents = 1 and abs(cost - own_cost) <= 0.005 * line_count then 'rounding'
            when own_cost = 0 then 'price_change'
            when ratio >= 50 or ratio <= 0.02 then 'unit_error'
            when
                abs(cost - tiered_cost) <= cast(tiered_cost * 0.005 as decimal(38, 12))
                then 'tier_mix'
            when
                cost < own_cost
                and abs(list_cost - own_cost) <= cast(own_cost * 0.005 as decimal(38, 12))
                then 'discount'
            when
                cost < own_cost
                and account_has_own_price = 0
                and lowest_ratio >= highest_ratio - 0.002
                and fitting_tier is null
                and abs(ratio * 200 - round(ratio * 200)) <= 0.02
                then 'discount'
            when fitting_tier is not null then 'tier_mix'
            when
                not is_list_like
                and (
                    (cost < own_cost and cost > lowest_tier_cost)
                    or (cost > own_cost and cost < highest_tier_cost)
                )
                then 'tier_mix'
            when
                cost < own_cost
                and account_has_own_price = 0
                and lowest_ratio >= highest_ratio - 0.002
                then 'discount'
            else 'price_change'
        end as finding
    from surrounded

),

preceded as (

    select
        *,
        lag(finding) over (
            partition by provider, billing_account_id, model, meter, service_tier, currency
            order by usage_date
        ) as preceding_finding,
        lag(ratio) over (
            partition by provider, billing_account_id, model, meter, service_tier, currency
            order by usage_date
        ) as preceding_ratio
    from found

),

-- A price that changes again is news again.
started as (

    select
        *,
        case
            when preceding_finding is null or preceding_finding != finding then 1
            when
                finding in ('price_change', 'discount', 'unit_error')
                and abs(ratio - preceding_ratio) > 0.01 * preceding_ratio
                then 1
            else 0
        end as is_news
    from preceded

),

numbered as (

    select
        *,
        sum(is_news) over (
            partition by provider, billing_account_id, model, meter, service_tier, currency
            order by usage_date
            rows between unbounded preceding and current row
        ) as run_number
    from started

),

final as (

    select
        usage_date,
        provider,
        billing_account_id,
        model,
        meter,
        service_tier,
        currency,
        quantity,
        cost,
        list_cost,
        own_cost,
        own_unit_price,
        cast(round(ratio, 4) as decimal(38, 4)) as implied_ratio,
        finding,
        min(usage_date) over (
            partition by
                provider,
                billing_account_id,
                model,
                meter,
                service_tier,
                currency,
                run_number
        ) as first_seen_date,
        case finding
            when 'match' then 'none'
            when 'rounding' then 'none: the export is rounded to cents row by row'
            when 'free'
                then 'ask whether it is covered by credits; it may be charged on another line'
            when 'no_quantity' then 'land an export that states quantities'
            when 'no_own_price' then 'add the price to price_overrides or contract_prices'
            when 'unit_error' then 'compare the quantity with usage; ask the provider which unit'
            when 'discount' then 'if agreed, add it to contract_prices; else ask'
            when 'tier_mix' then 'compare the tiers logged with the tiers billed'
            when 'price_change'
                then 'check the price list; add the new price to price_overrides from this date'
        end as next_action
    from numbered

)

select * from final
