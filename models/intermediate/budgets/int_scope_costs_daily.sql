{{ config(
    materialized='incremental',
    incremental_strategy='touched_dates',
    unique_key='cost_date',
    on_schema_change='fail',
) }}

/*
    Grain: scope_type, scope_id, cost_date.

    What each scope a budget can be set for cost on a day: the organisation, a team, tenant,
    feature, model, provider or workflow. Each scope type sums to the whole. Only days with calls
    have a row; cost_usd is NULL where no call of the day has a known price.
*/
{% set scope_columns = budget_scope_columns() %}

with

sums as (

    select * from {{ ref('int_call_costs_summed_hourly') }}
    where {{ in_touched_reporting_days('reporting_date') }}

),

contexts as (

    select * from {{ ref('int_call_contexts') }}

),

periods as (

    select * from {{ ref('int_attribution_periods') }}

),

attributed as (

    select
        sums.reporting_date as cost_date,
        {% for scope, column in scope_columns.items() %}
            {{ scope_of_context(column) }} as {{ column }},
        {% endfor %}
        sums.call_count,
        case when sums.pricing_status = 'unpriced' then sums.call_count else 0 end
            as unpriced_call_count,
        sums.billed_cost_usd as cost_usd
    from sums
    left join contexts
        on sums.context_id = contexts.context_id
    left join periods
        on {{ in_attribution_period('contexts', 'sums.hour_at') }}

),

-- Once over many rows, so that the seven sets are made of few.
combined as (

    select
        cost_date,
        {{ scope_columns.values() | join(',\n        ') }},
        sum(call_count) as call_count,
        sum(unpriced_call_count) as unpriced_call_count,
        sum(cost_usd) as cost_usd
    from attributed
    group by
        cost_date,
        {{ scope_columns.values() | join(',\n        ') }}

),

-- No scope column is NULL before the sets are made: one that is not names the scope.
summed as (

    select
        cost_date,
        {{ scope_columns.values() | join(',\n        ') }},
        sum(call_count) as call_count,
        sum(unpriced_call_count) as unpriced_call_count,
        sum(cost_usd) as cost_usd
    from combined
    group by grouping sets (
        (cost_date),
        {% for column in scope_columns.values() %}
            (cost_date, {{ column }}){{ ',' if not loop.last }}
        {% endfor %}
    )

),

final as (

    select
        case
            {% for scope, column in scope_columns.items() %}
                when {{ column }} is not null then '{{ scope }}'
            {% endfor %}
            else 'org'
        end as scope_type,
        coalesce({{ scope_columns.values() | join(', ') }}, '*') as scope_id,
        cost_date,
        cast(call_count as bigint) as call_count,
        cast(unpriced_call_count as bigint) as unpriced_call_count,
        cast(cost_usd as decimal(38, 12)) as cost_usd
    from summed

)

select * from final
