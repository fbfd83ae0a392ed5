{{ config(materialized='table') }}

/*
    Grain: line_id, line_index; the lines of the chosen origins.

    How many units a stated quantity is: 1, 1K or 1M, whichever makes quantity x price the cost.
    Our own price decides where there is one, else the line's own unit price. A quantity that its
    stated unit contradicts is flagged and stays as stated; only AWS is known to print single
    tokens under the unit 1K, so there a smaller unit is believed: proven when it makes the cost,
    assumed when it comes within a factor of two. Nothing is divided: cost x 30 and expected x 30
    bound what counts as the same order.
*/
with

lines as (

    select * from {{ ref('int_provider_cost_lines_chosen') }}

),

prices as (

    select * from {{ ref('int_provider_prices_daily') }}

),

priced as (

    select
        lines.*,
        prices.price_id,
        prices.unit_price_usd as own_unit_price_usd,
        cast(
            prices.unit_price_usd * cast(lines.currency_per_usd as decimal(38, 9))
            as decimal(38, 15)
        ) as own_unit_price,
        cast(abs(lines.amount) as decimal(38, 12)) as cost_size,
        case
            when lines.meter in ('unparsed', 'out_of_scope', '(not usage)') then null
            else cast(lines.stated_quantity as decimal(38, 12))
        end as counted
    from lines
    left join prices
        on
            lines.provider = prices.provider
            and lines.price_model = prices.price_model
            and lines.price_provider = prices.price_provider
            and lines.meter = prices.meter
            and lines.service_tier = prices.service_tier
            and lines.context_tier = prices.context_tier
            and lines.inference_geo = prices.inference_geo
            and lines.project_id = prices.project_id
            and lines.usage_date = prices.usage_date

),

units as (

    select cast(1 as decimal(38, 6)) as units

    union all

    select cast(1000 as decimal(38, 6)) as units

    union all

    select cast(1000000 as decimal(38, 6)) as units

),

-- grain: line, unit that could be meant
tried as (

    select
        priced.line_id,
        priced.line_index,
        priced.provider,
        priced.stated_units,
        priced.cost_size,
        units.units,
        cast(
            cast(abs(priced.counted) * units.units as decimal(38, 6)) * priced.own_unit_price
            as decimal(38, 12)
        ) as expected_cost
    from priced
    cross join units
    where
        priced.counted != 0
        and priced.cost_size != 0
        and priced.own_unit_price != 0

    union all

    select
        line_id,
        line_index,
        provider,
        stated_units,
        cost_size,
        stated_units as units,
        cast(
            cast(abs(counted) * stated_units as decimal(38, 6)) * own_unit_price
            as decimal(38, 12)
        ) as expected_cost
    from priced
    where
        counted != 0
        and cost_size != 0
        and own_unit_price != 0
        and stated_units not in (1, 1000, 1000000)

),

judged as (

    select
        *,
        case
            when
                abs(cost_size - expected_cost)
                <= cast(expected_cost * 0.005 as decimal(38, 12)) + 0.000001
                then 1
            else 0
        end as fits,
        case
            when cost_size <= expected_cost * 30 and expected_cost <= cost_size * 30 then 1
            else 0
        end as is_near,
        case
            when
                cost_size <= expected_cost * 2
                and expected_cost <= cost_size * 2
                and provider = 'aws'
                and units < stated_units
                then 1
            else 0
        end as is_printed_smaller
    from tried

),

by_own_price as (

    select
        line_id,
        line_index,
        max(case when units = stated_units then fits end) as stated_fits,
        max(case when units = stated_units then is_near end) as stated_is_near,
        max(case
            when fits = 1 and (
                stated_units is null or (provider = 'aws' and units < stated_units)
            ) then units
        end) as fitting_units,
        min(case when is_near = 1 then units end) as near_units,
        max(case when is_printed_smaller = 1 then units end) as smaller_units
    from judged
    group by line_id, line_index

),

-- The line's own price may be for 1, 1K or 1M of what it counts.
by_unit_price as (

    select
        priced.line_id,
        priced.line_index,
        max(units.units) as price_units
    from priced
    cross join units
    where
        abs(
            priced.cost_size * units.units
            - cast(
                cast(abs(priced.counted) as decimal(38, 9))
                * cast(abs(priced.unit_price) as decimal(38, 15)) as decimal(38, 12)
            )
        ) <= (cast(priced.cost_size * 0.005 as decimal(38, 12)) + 0.000001) * units.units
        and priced.counted != 0
        and priced.cost_size != 0
    group by priced.line_id, priced.line_index

),

decided as (

    select
        priced.*,
        case
            when priced.counted is null then 'none'
            when by_own_price.stated_fits = 1 then 'proven'
            when by_own_price.fitting_units is not null then 'proven'
            when by_own_price.stated_is_near = 0 and by_own_price.smaller_units is not null
                then 'assumed'
            when by_own_price.stated_is_near = 0 then 'flagged'
            when by_unit_price.price_units is not null and priced.stated_units is not null
                then 'proven'
            when by_unit_price.price_units > 1 then 'proven'
            when by_own_price.near_units is not null then 'assumed'
            when
                priced.unit_price != 0 and priced.cost_size != 0 and priced.counted != 0
                then 'flagged'
            when priced.stated_units is not null then 'assumed'
            else 'flagged'
        end as unit_status,
        case
            when by_own_price.stated_fits = 1 then priced.stated_units
            when by_own_price.fitting_units is not null then by_own_price.fitting_units
            when by_own_price.stated_is_near = 0
                then coalesce(by_own_price.smaller_units, priced.stated_units)
            when by_own_price.stated_is_near is not null then priced.stated_units
            when
                by_own_price.near_units is null
                and by_unit_price.price_units > 1
                and by_unit_price.price_units = priced.stated_units
                then cast(1 as decimal(38, 6))
            else coalesce(
                priced.stated_units, by_own_price.near_units, cast(1 as decimal(38, 6))
            )
        end as units
    from priced
    left join by_own_price
        on
            priced.line_id = by_own_price.line_id
            and priced.line_index = by_own_price.line_index
    left join by_unit_price
        on
            priced.line_id = by_unit_price.line_id
            and priced.line_index = by_unit_price.line_index

),

measured as (

    select
        *,
        cast(counted * units as decimal(38, 6)) as quantity
    from decided

),

final as (

    select
        *,
        case when charge_category = 'usage' then cast(
            quantity * own_unit_price as decimal(38, 12)
        ) end as own_cost
    from measured

)

select * from final
