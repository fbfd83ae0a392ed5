/*
Grain: one row per provider, model, service tier, context tier, daily window and period
(`provider`, `model`, `service_tier`, `input_tokens_over`, `window_from_us`, `period_from`).

List prices with overrides on top, cut at every date where a list row, an override, a contract or a
modifier of the model starts or ends, so that within a period nothing changes. Of several overrides
the one with the longer model pattern wins, then the one that starts later.

A multiplier is a multiple of the standard tier's price at that moment, overrides included: half
price for batch follows every change of the standard price. A tier that neither the list nor an
override prices has no price of its own (`has_own_price` 0) and ends up unpriced: never at the
standard price.
*/
{% set meters = price_meters() %}
{% set open_end = "timestamp '9999-12-31 00:00:00'" %}
{% set standard_line_key = [
    'provider', 'model', 'period_from', 'input_tokens_over', 'window_from_us', 'meter'
] %}
{% set line_key = ['service_tier'] + standard_line_key %}
{% set override_key = ['provider', 'model', 'service_tier', 'period_from', 'meter'] %}

with

price_list as (

    select
        *,
        coalesce(valid_to, {{ open_end }}) as valid_until,
        coalesce(daily_from_us, 0) as window_from_us,
        coalesce(daily_to_us, 86400000000) as window_to_us
    from (
        select
            price_list.*,
            {{ clock_microseconds('daily_from_utc') }} as daily_from_us,
            {{ clock_microseconds('daily_to_utc') }} as daily_to_us
        from {{ ref('price_list') }} as price_list
    ) as price_list

),

price_overrides as (

    select
        *,
        coalesce(valid_to, {{ open_end }}) as valid_until,
        coalesce(usd_per_million, usd_per_thousand) as unit_price
    from {{ ref('price_overrides') }}

),

contract_prices as (

    select
        *,
        coalesce(valid_to, {{ open_end }}) as valid_until,
        coalesce(usd_per_million, usd_per_thousand) as unit_price
    from {{ ref('contract_prices') }}

),

price_modifiers as (

    select
        *,
        coalesce(valid_to, {{ open_end }}) as valid_until
    from {{ ref('price_modifiers') }}

),

meters as (

    {% for meter in meters %}
        select
            '{{ meter.name }}' as meter,
            '{{ meter.per }}' as per
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

-- Which model has prices at all ------------------------------------------------------------------

models as (

    select
        provider,
        model
    from price_list

    union

    select
        provider,
        model_pattern as model
    from price_overrides
    where right(model_pattern, 1) != '*' and unit_price is not null

    union

    select
        provider,
        model
    from contract_prices
    where provider != '*' and right(model, 1) != '*' and unit_price is not null

),

overrides as (

    select
        models.provider,
        models.model,
        price_overrides.service_tier,
        price_overrides.meter,
        price_overrides.valid_from,
        price_overrides.valid_until,
        price_overrides.unit_price,
        price_overrides.multiplier,
        {{ pattern_rank('price_overrides.model_pattern') }} as model_rank
    from models
    inner join price_overrides
        on
            models.provider = price_overrides.provider
            and {{ fits_pattern('models.model', 'price_overrides.model_pattern') }}

),

contracts as (

    select
        models.provider,
        models.model,
        contract_prices.service_tier,
        contract_prices.unit_price,
        contract_prices.valid_from,
        contract_prices.valid_until
    from models
    inner join contract_prices
        on
            contract_prices.provider in ('*', models.provider)
            and {{ fits_pattern('models.model', 'contract_prices.model') }}

),

modified as (

    select
        models.provider,
        models.model,
        price_modifiers.valid_from,
        price_modifiers.valid_until
    from models
    inner join price_modifiers
        on
            models.provider = price_modifiers.provider
            and {{ fits_pattern('models.model', 'price_modifiers.model_pattern') }}

),

-- Periods: cut at every date that matters to the model -------------------------------------------

modifier_edges as (

    select
        modified.provider,
        modified.model,
        modified.valid_from as edge
    from modified

    union

    select
        modified.provider,
        modified.model,
        modified.valid_until as edge
    from modified

),

edges as (

    select
        provider,
        model,
        valid_from as edge
    from price_list

    union

    select
        provider,
        model,
        valid_until as edge
    from price_list

    union

    select
        provider,
        model,
        valid_from as edge
    from overrides

    union

    select
        provider,
        model,
        valid_until as edge
    from overrides

    union

    select
        provider,
        model,
        valid_from as edge
    from contracts

    union

    select
        provider,
        model,
        valid_until as edge
    from contracts

    union

    select
        provider,
        model,
        edge
    from modifier_edges

),

edges_paired as (

    select
        provider,
        model,
        edge as valid_from,
        lead(edge) over (partition by provider, model order by edge) as valid_until
    from edges

),

periods as (

    select * from edges_paired
    where valid_until is not null

),

service_tiers as (

    select
        provider,
        model,
        service_tier
    from price_list

    union

    select
        provider,
        model,
        service_tier
    from overrides

    union

    select
        provider,
        model,
        case when service_tier = '*' then 'standard' else service_tier end as service_tier
    from contracts
    where unit_price is not null

),

-- Grid: every row the table can have, with the list row it starts from ---------------------------

listed as (

    select
        price_list.*,
        periods.valid_from as period_from,
        periods.valid_until as period_until
    from periods
    inner join price_list
        on
            periods.provider = price_list.provider
            and periods.model = price_list.model
            and periods.valid_from >= price_list.valid_from
            and periods.valid_from < price_list.valid_until

),

listed_tiers as (

    select distinct
        provider,
        model,
        service_tier,
        period_from
    from listed

),

unlisted_tiers as (

    select
        periods.provider,
        periods.model,
        periods.valid_from as period_from,
        periods.valid_until as period_until,
        service_tiers.service_tier
    from periods
    inner join service_tiers
        on
            periods.provider = service_tiers.provider
            and periods.model = service_tiers.model
    left join listed_tiers
        on
            periods.provider = listed_tiers.provider
            and periods.model = listed_tiers.model
            and periods.valid_from = listed_tiers.period_from
            and service_tiers.service_tier = listed_tiers.service_tier
    where listed_tiers.provider is null

),

-- A tier without list rows takes the context tiers and windows of the standard tier.
grid as (

    select
        provider,
        model,
        service_tier,
        period_from,
        period_until,
        input_tokens_over,
        window_from_us,
        window_to_us,
        1 as is_listed
    from listed

    union all

    select
        unlisted_tiers.provider,
        unlisted_tiers.model,
        unlisted_tiers.service_tier,
        unlisted_tiers.period_from,
        unlisted_tiers.period_until,
        coalesce(listed.input_tokens_over, 0) as input_tokens_over,
        coalesce(listed.window_from_us, 0) as window_from_us,
        coalesce(listed.window_to_us, 86400000000) as window_to_us,
        0 as is_listed
    from unlisted_tiers
    left join listed
        on
            unlisted_tiers.provider = listed.provider
            and unlisted_tiers.model = listed.model
            and unlisted_tiers.period_from = listed.period_from
            and listed.service_tier = 'standard'

),

list_lines as (

    select
        listed.provider,
        listed.model,
        listed.service_tier,
        listed.period_from,
        listed.input_tokens_over,
        listed.window_from_us,
        meters.meter,
        case meters.meter
            {% for meter in meters %}
                when '{{ meter.name }}' then listed.{{ price_column(meter) }}
            {% endfor %}
        end as unit_price
    from listed
    cross join meters

),

-- Overrides --------------------------------------------------------------------------------------

overrides_ranked as (

    select
        overrides.*,
        periods.valid_from as period_from,
        row_number() over (
            partition by
                overrides.provider,
                overrides.model,
                overrides.service_tier,
                overrides.meter,
                periods.valid_from
            order by overrides.model_rank desc, overrides.valid_from desc
        ) as override_rank
    from periods
    inner join overrides
        on
            periods.provider = overrides.provider
            and periods.model = overrides.model
            and periods.valid_from >= overrides.valid_from
            and periods.valid_from < overrides.valid_until

),

-- A cross join stands alone: DuckDB writes a view back with a comma for it, which binds looser than
-- the joins after it, and `reprice` runs that text.
grid_meters as (

    select
        grid.*,
        meters.meter,
        meters.per
    from grid
    cross join meters

),

grid_lines as (

    select
        grid_meters.*,
        list_lines.unit_price as list_price,
        overrides_ranked.unit_price as override_price,
        overrides_ranked.multiplier,
        -- Tools and fees cost the same in every tier that has no row of its own in the list.
        case
            when
                grid_meters.is_listed = 0
                and grid_meters.service_tier != 'standard'
                and grid_meters.per = 'thousand'
                and overrides_ranked.meter is null
                then 1
            else 0
        end as is_borrowed
    from grid_meters
    left join list_lines
        on
            {{ columns_equal('grid_meters', 'list_lines', line_key) }}
    left join overrides_ranked
        on
            {{ columns_equal('grid_meters', 'overrides_ranked', override_key) }}
            and overrides_ranked.override_rank = 1

),

standard_lines as (

    select
        provider,
        model,
        period_from,
        input_tokens_over,
        window_from_us,
        meter,
        cast(
            coalesce(
                override_price, cast(list_price as decimal(27, 9)) * multiplier, list_price
            ) as decimal(18, 9)
        ) as unit_price
    from grid_lines
    where service_tier = 'standard'

),

overridden_lines as (

    select
        grid_lines.*,
        case
            when grid_lines.override_price is not null then grid_lines.override_price
            when grid_lines.is_borrowed = 1 then standard_lines.unit_price
            when grid_lines.multiplier is null then grid_lines.list_price
            when
                grid_lines.service_tier = 'standard'
                then
                    cast(
                        cast(grid_lines.list_price as decimal(27, 9))
                        * grid_lines.multiplier as decimal(18, 9)
                    )
            else
                cast(
                    cast(standard_lines.unit_price as decimal(27, 9))
                    * grid_lines.multiplier as decimal(18, 9)
                )
        end as unit_price
    from grid_lines
    left join standard_lines
        on
            {{ columns_equal('grid_lines', 'standard_lines', standard_line_key) }}

),

final as (

    select
        overridden_lines.provider,
        overridden_lines.model,
        overridden_lines.service_tier,
        cast(overridden_lines.input_tokens_over as bigint) as input_tokens_over,
        cast(overridden_lines.window_from_us as bigint) as window_from_us,
        cast(overridden_lines.window_to_us as bigint) as window_to_us,
        overridden_lines.period_from,
        overridden_lines.period_until,
        max(case when modifier_edges.edge is null then 0 else 1 end) as is_modifier_edge,
        max(case
            when
                overridden_lines.override_price is not null
                or overridden_lines.multiplier is not null
                then 1
            else 0
        end) as has_override,
        max(case
            when overridden_lines.unit_price is not null and overridden_lines.is_borrowed = 0 then 1
            else 0
        end) as has_own_price,
    {% for meter in meters %}
        max(
            case
                when overridden_lines.meter = '{{ meter.name }}'
                    then overridden_lines.unit_price
            end
        ) as {{ price_column(meter) }}{{ ',' if not loop.last }}
    {% endfor %}
    from overridden_lines
    left join modifier_edges
        on
            overridden_lines.provider = modifier_edges.provider
            and overridden_lines.model = modifier_edges.model
            and overridden_lines.period_from = modifier_edges.edge
    group by
        overridden_lines.provider,
        overridden_lines.model,
        overridden_lines.service_tier,
        overridden_lines.input_tokens_over,
        overridden_lines.window_from_us,
        overridden_lines.window_to_us,
        overridden_lines.period_from,
        overridden_lines.period_until

)

select * from final
