/*
    The three daily marts say what the hourly costs say, day by day: same calls, same tokens,
    same money to the last digit.
    Rows returned are days and marts that differ.
*/
{% set measures = [
    'call_count',
    'operation_count',
    'unpriced_call_count',
    'uncached_input_tokens',
    'cache_read_tokens',
    'output_tokens',
    'billed_cost_usd',
    'chargeable_cost_usd',
    'source_cost_usd',
    'cache_savings_usd',
] %}
{% set daily_marts = [
    'fct_tenant_costs_daily',
    'fct_feature_costs_daily',
    'fct_model_costs_daily',
] %}

with

hourly as (

    select
        reporting_date as cost_date,
        {% for column in measures %}
            sum({{ column }}) as {{ column }},
        {% endfor %}
        count(*) as row_count
    from {{ ref('fct_costs_hourly') }}
    where {{ in_touched_reporting_days('reporting_date') }}
    group by reporting_date

),

marts as (

    {% for mart in daily_marts %}
        {{ 'union all' if not loop.first }}
        select '{{ mart }}' as mart
    {% endfor %}

),

expected as (

    select *
    from marts
    cross join hourly

),

found as (

    {% for mart in daily_marts %}
        {{ 'union all' if not loop.first }}
        select
            '{{ mart }}' as mart,
            cost_date,
            {% for column in measures %}
                sum({{ column }}) as {{ column }},
            {% endfor %}
            count(*) as row_count
        from {{ ref(mart) }}
        where {{ in_touched_reporting_days('cost_date') }}
        group by cost_date
    {% endfor %}

)

select
    coalesce(expected.mart, found.mart) as mart,
    coalesce(expected.cost_date, found.cost_date) as cost_date,
    expected.billed_cost_usd as hourly_billed_cost_usd,
    found.billed_cost_usd as daily_billed_cost_usd,
    expected.call_count as hourly_call_count,
    found.call_count as daily_call_count
from expected
full outer join found
    on
        expected.mart = found.mart
        and expected.cost_date = found.cost_date
where
    expected.mart is null
    or found.mart is null
    {% for column in measures %}
        or expected.{{ column }} is distinct from found.{{ column }}
    {% endfor %}
