/*
Grain: one row per provider, model, project scope, service tier, context tier, daily window and
period (`price_id`).

Contract prices on top of overridden list prices, meter by meter. The narrower contract wins: named
project, named provider, longer model pattern, named tier, named meter, later start. Periods with
the same terms are joined up again. A project scope of '*' holds for every project without rows of
its own.
*/
{% set meters = price_meters() %}
{% set terms_key = [
    'provider', 'model', 'project_scope', 'service_tier', 'input_tokens_over', 'window_from_us'
] %}
{% set scoped_line_key = terms_key + ['period_from', 'meter'] %}

with

prices_overridden as (

    select * from {{ ref('int_prices_overridden') }}

),

contract_prices as (

    select
        *,
        coalesce(valid_to, timestamp '9999-12-31 00:00:00') as valid_until,
        coalesce(usd_per_million, usd_per_thousand) as agreed_price
    from {{ ref('contract_prices') }}

),

models as (

    select distinct
        provider,
        model
    from prices_overridden

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
        contract_prices.agreed_price,
        contract_prices.discount_share,
        {{ pattern_rank('contract_prices.model') }} as model_rank,
        case when contract_prices.provider = '*' then 0 else 1 end as provider_rank
    from models
    inner join contract_prices
        on
            contract_prices.provider in ('*', models.provider)
            and {{ fits_pattern('models.model', 'contract_prices.model') }}

),

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

scoped_prices as (

    select
        prices_overridden.*,
        project_scopes.project_scope
    from prices_overridden
    inner join project_scopes
        on
            prices_overridden.provider = project_scopes.provider
            and prices_overridden.model = project_scopes.model

),

meters as (

    {% for meter in meters %}
        select '{{ meter.name }}' as meter
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

scoped_lines as (

    select
        scoped_prices.provider,
        scoped_prices.model,
        scoped_prices.project_scope,
        scoped_prices.service_tier,
        scoped_prices.input_tokens_over,
        scoped_prices.window_from_us,
        scoped_prices.period_from,
        meters.meter,
        case meters.meter
            {% for meter in meters %}
                when '{{ meter.name }}' then scoped_prices.{{ price_column(meter) }}
            {% endfor %}
        end as unit_price
    from scoped_prices
    cross join meters

),

contracts_ranked as (

    select
        scoped_lines.*,
        contracts.agreed_price,
        contracts.discount_share,
        row_number() over (
            partition by
            {% for column in scoped_line_key %}
                    scoped_lines.{{ column }}{{ ',' if not loop.last }}
            {% endfor %}
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

-- grain: the terms, period and meter that a contract changes
contract_lines as (

    select
        *,
        coalesce(
            agreed_price,
            cast(
                cast(unit_price as decimal(27, 9))
                * (cast(1 as decimal(9, 6)) - discount_share) as decimal(18, 9)
            )
        ) as contract_price
    from contracts_ranked
    where contract_rank = 1

),

contract_rows as (

    select
        {% for column in terms_key %}
            {{ column }},
        {% endfor %}
        period_from,
        max(case when contract_price is null then 0 else 1 end) as has_contract,
        max(case when agreed_price is null then 0 else 1 end) as has_agreed_price,
    {% for meter in meters %}
        max(
            case when meter = '{{ meter.name }}' then contract_price end
        ) as {{ price_column(meter) }}{{ ',' if not loop.last }}
    {% endfor %}
    from contract_lines
    group by
        {% for column in terms_key %}
            {{ column }},
        {% endfor %}
        period_from

),

resolved as (

    select
        {% for column in terms_key %}
            scoped_prices.{{ column }},
        {% endfor %}
        scoped_prices.window_to_us,
        scoped_prices.period_from,
        scoped_prices.period_until,
        scoped_prices.is_modifier_edge,
        scoped_prices.has_override,
        coalesce(contract_rows.has_contract, 0) as has_contract,
    {% for meter in meters %}
        coalesce(
            contract_rows.{{ price_column(meter) }}, scoped_prices.{{ price_column(meter) }}
        ) as {{ price_column(meter) }}{{ ',' if not loop.last }}
    {% endfor %}
    from scoped_prices
    left join contract_rows
        on {{ columns_equal('scoped_prices', 'contract_rows', terms_key + ['period_from']) }}
    where scoped_prices.has_own_price = 1 or contract_rows.has_agreed_price = 1

),

-- A context tier ends where the next one of the same period starts.
bounded as (

    select
        *,
        coalesce(
            lead(input_tokens_over) over (
                partition by
                    provider, model, project_scope, service_tier, window_from_us, period_from
                order by input_tokens_over
            ),
            9000000000000
        ) as input_tokens_up_to
    from resolved

),

-- Periods with the same terms joined up again ----------------------------------------------------

-- The terms of a row as one text, so that neighbours can be compared at once.
described as (

    select
        *,
        concat_ws(
            '|',
            {% for meter in meters %}
                coalesce(cast({{ price_column(meter) }} as varchar), 'none'),
            {% endfor %}
            cast(input_tokens_up_to as varchar),
            cast(has_contract as varchar),
            cast(has_override as varchar)
        ) as terms_text
    from bounded

),

preceded as (

    select
        *,
        lag(terms_text) over (
            partition by {{ terms_key | join(', ') }}
            order by period_from
        ) as preceding_terms_text,
        lag(period_until) over (
            partition by {{ terms_key | join(', ') }}
            order by period_from
        ) as preceding_period_until
    from described

),

compared as (

    select
        *,
        case
            when
                is_modifier_edge = 0
                and preceding_period_until = period_from
                and preceding_terms_text = terms_text
                then 0
            else 1
        end as is_new
    from preceded

),

numbered as (

    select
        *,
        sum(is_new) over (
            partition by {{ terms_key | join(', ') }}
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
        || '>' || cast(input_tokens_over as varchar)
        || '@' || cast(cast(valid_from as date) as varchar)
        || case
            when valid_from = cast(cast(valid_from as date) as timestamp) then ''
            else 'T' || right(cast(valid_from as varchar), 8)
        end
        || case
            when daily_from_us = 0 and daily_to_us = 86400000000 then ''
            else
                '~' || cast(cast(daily_from_us * 0.000001 as integer) as varchar)
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
