/*
Grain: one row per provider, model, project scope, service tier, context tier, daily window and
period (`provider`, `model`, `project_scope`, `service_tier`, `input_tokens_over`,
`daily_from_us`, `valid_from`).

List prices, cut at every date where an override, a contract or a modifier starts or ends, then
resolved meter by meter: contract, else override, else list. Within one source the narrower row
wins: named project, longer model pattern, named tier, named meter, later start.

A multiplier of an override is a multiple of the standard tier's price at that moment, overrides
included: half price for batch follows every change of the standard price. A tier that neither the
list nor an override knows has no row, and its calls are unpriced: never the standard price.

A project scope of '*' holds for every project without rows of its own.
*/
{% set meters = price_meters() %}
{% set open_end = "timestamp '9999-12-31 00:00:00'" %}

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
        contract_prices.project_id as project_scope,
        contract_prices.service_tier,
        contract_prices.meter,
        contract_prices.valid_from,
        contract_prices.valid_until,
        contract_prices.unit_price,
        contract_prices.discount_share,
        {{ pattern_rank('contract_prices.model') }} as model_rank,
        case when contract_prices.provider = '*' then 0 else 1 end as provider_rank
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

    select provider, model, valid_from as edge from price_list
    union
    select provider, model, valid_until as edge from price_list
    union
    select provider, model, valid_from as edge from overrides
    union
    select provider, model, valid_until as edge from overrides
    union
    select provider, model, valid_from as edge from contracts
    union
    select provider, model, valid_until as edge from contracts
    union
    select provider, model, edge from modifier_edges

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

    select provider, model, service_tier from price_list
    union
    select provider, model, service_tier from overrides
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
            grid_meters.provider = list_lines.provider
            and grid_meters.model = list_lines.model
            and grid_meters.service_tier = list_lines.service_tier
            and grid_meters.period_from = list_lines.period_from
            and grid_meters.input_tokens_over = list_lines.input_tokens_over
            and grid_meters.window_from_us = list_lines.window_from_us
            and grid_meters.meter = list_lines.meter
    left join overrides_ranked
        on
            grid_meters.provider = overrides_ranked.provider
            and grid_meters.model = overrides_ranked.model
            and grid_meters.service_tier = overrides_ranked.service_tier
            and grid_meters.period_from = overrides_ranked.period_from
            and grid_meters.meter = overrides_ranked.meter
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
            coalesce(override_price, list_price * multiplier, list_price) as decimal(18, 9)
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
                then cast(grid_lines.list_price * grid_lines.multiplier as decimal(18, 9))
            else cast(standard_lines.unit_price * grid_lines.multiplier as decimal(18, 9))
        end as unit_price
    from grid_lines
    left join standard_lines
        on
            grid_lines.provider = standard_lines.provider
            and grid_lines.model = standard_lines.model
            and grid_lines.period_from = standard_lines.period_from
            and grid_lines.input_tokens_over = standard_lines.input_tokens_over
            and grid_lines.window_from_us = standard_lines.window_from_us
            and grid_lines.meter = standard_lines.meter

),

-- Contracts --------------------------------------------------------------------------------------

project_scopes as (

    select
        provider,
        model,
        '*' as project_scope
    from models

    union

    select
        provider,
        model,
        project_scope
    from contracts

),

scoped_lines as (

    select
        overridden_lines.*,
        project_scopes.project_scope
    from overridden_lines
    inner join project_scopes
        on
            overridden_lines.provider = project_scopes.provider
            and overridden_lines.model = project_scopes.model

),

contracts_ranked as (

    select
        scoped_lines.provider,
        scoped_lines.model,
        scoped_lines.project_scope,
        scoped_lines.service_tier,
        scoped_lines.period_from,
        scoped_lines.input_tokens_over,
        scoped_lines.window_from_us,
        scoped_lines.meter,
        contracts.unit_price as contract_price,
        contracts.discount_share,
        row_number() over (
            partition by
                scoped_lines.provider,
                scoped_lines.model,
                scoped_lines.project_scope,
                scoped_lines.service_tier,
                scoped_lines.period_from,
                scoped_lines.input_tokens_over,
                scoped_lines.window_from_us,
                scoped_lines.meter
            order by
                case when contracts.project_scope = '*' then 0 else 1 end desc,
                contracts.provider_rank desc,
                contracts.model_rank desc,
                case when contracts.service_tier = '*' then 0 else 1 end desc,
                case when contracts.meter = '*' then 0 else 1 end desc,
                contracts.valid_from desc
        ) as contract_rank
    from scoped_lines
    inner join contracts
        on
            scoped_lines.provider = contracts.provider
            and scoped_lines.model = contracts.model
            and contracts.project_scope in ('*', scoped_lines.project_scope)
            and contracts.service_tier in ('*', scoped_lines.service_tier)
            and contracts.meter in ('*', scoped_lines.meter)
            and scoped_lines.period_from >= contracts.valid_from
            and scoped_lines.period_from < contracts.valid_until

),

resolved_lines as (

    select
        scoped_lines.*,
        case
            when contracts_ranked.contract_price is not null then contracts_ranked.contract_price
            when
                contracts_ranked.discount_share is not null
                then cast(
                    scoped_lines.unit_price
                    * (cast(1 as decimal(9, 6)) - contracts_ranked.discount_share)
                    as decimal(18, 9)
                )
            else scoped_lines.unit_price
        end as resolved_price,
        case when contracts_ranked.contract_rank = 1 then 1 else 0 end as has_contract,
        case
            when
                scoped_lines.override_price is not null or scoped_lines.multiplier is not null
                then 1
            else 0
        end as has_override
    from scoped_lines
    left join contracts_ranked
        on
            scoped_lines.provider = contracts_ranked.provider
            and scoped_lines.model = contracts_ranked.model
            and scoped_lines.project_scope = contracts_ranked.project_scope
            and scoped_lines.service_tier = contracts_ranked.service_tier
            and scoped_lines.period_from = contracts_ranked.period_from
            and scoped_lines.input_tokens_over = contracts_ranked.input_tokens_over
            and scoped_lines.window_from_us = contracts_ranked.window_from_us
            and scoped_lines.meter = contracts_ranked.meter
            and contracts_ranked.contract_rank = 1

),

-- One row per period again, and neighbours with the same terms joined up -------------------------

wide as (

    select
        provider,
        model,
        project_scope,
        service_tier,
        input_tokens_over,
        window_from_us,
        window_to_us,
        period_from,
        period_until,
        {% for meter in meters %}
            max(
                case when meter = '{{ meter.name }}' then resolved_price end
            ) as {{ price_column(meter) }},
        {% endfor %}
        max(case when resolved_price is not null then has_contract else 0 end) as has_contract,
        max(case when resolved_price is not null then has_override else 0 end) as has_override
    from resolved_lines
    group by
        provider,
        model,
        project_scope,
        service_tier,
        input_tokens_over,
        window_from_us,
        window_to_us,
        period_from,
        period_until
    having
        -- A tier is not priced by what it borrows alone.
        max(case when resolved_price is not null and is_borrowed = 0 then 1 else 0 end) = 1

),

-- A context tier ends where the next one of the same period starts.
bounded as (

    select
        wide.*,
        coalesce(
            lead(wide.input_tokens_over) over (
                partition by
                    wide.provider,
                    wide.model,
                    wide.project_scope,
                    wide.service_tier,
                    wide.window_from_us,
                    wide.period_from
                order by wide.input_tokens_over
            ),
            9000000000000
        ) as input_tokens_up_to,
        case when modifier_edges.edge is null then 0 else 1 end as is_modifier_edge
    from wide
    left join modifier_edges
        on
            wide.provider = modifier_edges.provider
            and wide.model = modifier_edges.model
            and wide.period_from = modifier_edges.edge

),

compared as (

    select
        *,
        case
            when
                is_modifier_edge = 0
                and lag(period_until) over same_terms = period_from
                and lag(input_tokens_up_to) over same_terms = input_tokens_up_to
                and lag(has_contract) over same_terms = has_contract
                and lag(has_override) over same_terms = has_override
                {% for meter in meters %}
                    and lag({{ price_column(meter) }}) over same_terms
                    is not distinct from {{ price_column(meter) }}
                {% endfor %}
                then 0
            else 1
        end as is_new
    from bounded
    window
        same_terms as (
            partition by
                provider,
                model,
                project_scope,
                service_tier,
                input_tokens_over,
                window_from_us
            order by period_from
        )

),

numbered as (

    select
        *,
        sum(is_new) over (
            partition by
                provider,
                model,
                project_scope,
                service_tier,
                input_tokens_over,
                window_from_us
            order by period_from
            rows between unbounded preceding and current row
        ) as terms_number
    from compared

),

joined_up as (

    select
        provider,
        model,
        project_scope,
        service_tier,
        input_tokens_over,
        window_from_us as daily_from_us,
        window_to_us as daily_to_us,
        input_tokens_up_to,
        min(period_from) as valid_from,
        max(period_until) as valid_until,
        {% for meter in meters %}
            max({{ price_column(meter) }}) as {{ price_column(meter) }},
        {% endfor %}
        max(has_contract) as has_contract,
        max(has_override) as has_override
    from numbered
    group by
        provider,
        model,
        project_scope,
        service_tier,
        input_tokens_over,
        window_from_us,
        window_to_us,
        input_tokens_up_to,
        terms_number

),

final as (

    select
        provider || '/' || model || ':' || service_tier
        || '>' || cast(input_tokens_over as {{ dbt.type_string() }})
        || '@' || cast(cast(valid_from as date) as {{ dbt.type_string() }})
        || case
            when valid_from = cast(cast(valid_from as date) as timestamp) then ''
            else 'T' || right(cast(valid_from as {{ dbt.type_string() }}), 8)
        end
        || case
            when daily_from_us = 0 and daily_to_us = 86400000000 then ''
            else '~' || cast(cast(daily_from_us * 0.000001 as integer) as {{ dbt.type_string() }})
            || 's'
        end
        || case
            when has_contract = 1 then '#contract:' || project_scope
            when project_scope != '*' then '#project:' || project_scope
            else ''
        end as price_id,
        provider,
        model,
        project_scope,
        service_tier,
        cast(input_tokens_over as bigint) as input_tokens_over,
        cast(input_tokens_up_to as bigint) as input_tokens_up_to,
        cast(daily_from_us as bigint) as daily_from_us,
        cast(daily_to_us as bigint) as daily_to_us,
        valid_from,
        valid_until,
        case when has_contract = 1 then 'contract' else 'list' end as pricing_status,
        has_contract = 1 as has_contract_price,
        has_override = 1 as has_overridden_price,
        {% for meter in meters %}
            {{ price_column(meter) }}{{ ',' if not loop.last }}
        {% endfor %}
    from joined_up

)

select * from final
