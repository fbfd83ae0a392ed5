/*
    Organisation, teams, tenants, features, models, providers and workflows each sum to what the
    hourly costs say of a day, to the last digit: no dollar is outside a scope or in two.
    Rows returned are days and scope types that differ.
*/
with

hourly as (

    select
        reporting_date as cost_date,
        sum(call_count) as call_count,
        sum(billed_cost_usd) as cost_usd
    from {{ ref('fct_costs_hourly') }}
    where {{ in_touched_reporting_days('reporting_date') }}
    group by reporting_date

),

scope_types as (

    {% for scope_type in ['org'] + budget_scope_columns().keys() | list %}
        select '{{ scope_type }}' as scope_type
        {{ 'union all' if not loop.last }}
    {% endfor %}

),

expected as (

    select *
    from scope_types
    cross join hourly

),

found as (

    select
        scope_type,
        cost_date,
        sum(call_count) as call_count,
        sum(cost_usd) as cost_usd
    from {{ ref('int_scope_costs_daily') }}
    where {{ in_touched_reporting_days('cost_date') }}
    group by
        scope_type,
        cost_date

)

select
    coalesce(expected.scope_type, found.scope_type) as scope_type,
    coalesce(expected.cost_date, found.cost_date) as cost_date,
    expected.call_count as hourly_call_count,
    found.call_count as scope_call_count,
    expected.cost_usd as hourly_cost_usd,
    found.cost_usd as scope_cost_usd
from expected
full outer join found
    on
        expected.scope_type = found.scope_type
        and expected.cost_date = found.cost_date
where
    expected.call_count is distinct from found.call_count
    or expected.cost_usd is distinct from found.cost_usd
