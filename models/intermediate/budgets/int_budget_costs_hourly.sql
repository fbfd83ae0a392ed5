{{ config(
    materialized='incremental',
    incremental_strategy='touched_dates',
    unique_key='event_date',
    on_schema_change='fail',
) }}

/*
    Grain: scope_type, scope_id, hour_at.

    What an hour of each scope with a budget cost; hours without calls have no row. An hour that
    two reporting days share (zones off by half an hour) belongs to the earlier.
*/
{% set scope_columns = budget_scope_columns() %}

with

sums as (

    select * from {{ ref('int_call_costs_summed_hourly') }}
    where {{ in_touched_dates('event_date') }}

),

contexts as (

    select * from {{ ref('int_call_contexts') }}

),

periods as (

    select * from {{ ref('int_attribution_periods') }}

),

scopes as (

    select distinct
        scope_type,
        scope_id
    from {{ ref('int_budgets_in_force') }}

),

attributed as (

    select
        '*' as org,
        {% for scope, column in scope_columns.items() %}
            {{ scope_of_context(column) }} as {{ column }},
        {% endfor %}
        sums.event_date,
        sums.hour_at,
        sums.reporting_date,
        sums.call_count,
        case when sums.pricing_status = 'unpriced' then sums.call_count else 0 end
            as unpriced_call_count,
        sums.billed_cost_usd
    from sums
    left join contexts
        on sums.context_id = contexts.context_id
    left join periods
        on {{ in_attribution_period('contexts', 'sums.hour_at') }}

),

scoped as (

    {% for scope, column in ([('org', 'org')] + scope_columns.items() | list) %}
        select
            scopes.scope_type,
            scopes.scope_id,
            attributed.event_date,
            attributed.hour_at,
            attributed.reporting_date,
            attributed.call_count,
            attributed.unpriced_call_count,
            attributed.billed_cost_usd
        from attributed
        inner join scopes
            on
                scopes.scope_type = '{{ scope }}'
                and attributed.{{ column }} = scopes.scope_id
        {{ 'union all' if not loop.last }}
    {% endfor %}

),

final as (

    select
        scope_type,
        scope_id,
        event_date,
        hour_at,
        min(reporting_date) as reporting_date,
        cast(sum(call_count) as bigint) as call_count,
        cast(sum(unpriced_call_count) as bigint) as unpriced_call_count,
        cast(sum(billed_cost_usd) as decimal(38, 12)) as cost_usd
    from scoped
    group by
        scope_type,
        scope_id,
        event_date,
        hour_at

)

select * from final
