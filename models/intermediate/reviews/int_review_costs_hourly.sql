{{ config(materialized='table') }}

/*
    Grain: scope_type, scope_id, reporting_date, hour_at.

    What the organisation and each tenant, feature, workflow and model cost in each hour of the
    reviewed week and the one before. Each scope type sums to the whole. Hours without calls have
    no row; a sum is NULL where no call says.
*/
{% set scope_columns = {
    'tenant': 'tenant_id',
    'feature': 'feature',
    'workflow': 'workflow_id',
    'model': 'provider_model',
} %}

with

sums as (

    select * from {{ ref('int_call_costs_summed_hourly') }}
    where {{ in_reviewed_weeks('event_date', ref('int_review_weeks'), slack_days=1) }}

),

weeks as (

    select * from {{ ref('int_review_weeks') }}
    where weeks_ago <= 1

),

contexts as (

    select * from {{ ref('int_call_contexts') }}

),

periods as (

    select * from {{ ref('int_attribution_periods') }}

),

attributed as (

    select
        weeks.week_start_date,
        weeks.weeks_ago,
        sums.reporting_date,
        sums.hour_at,
        {{ attributed('tenant_id', 'contexts') }} as tenant_id,
        {{ attributed('feature', 'contexts') }} as feature,
        {{ or_unattributed('contexts.workflow_id') }} as workflow_id,
        concat(
            {{ or_unattributed('contexts.provider') }},
            '/',
            {{ or_unattributed('contexts.model') }}
        ) as provider_model,
        sums.call_count,
        sums.operation_count,
        sums.retry_call_count,
        sums.fallback_call_count,
        case when contexts.outcome <> 'success' then sums.call_count else 0 end
            as failed_call_count,
        case when sums.pricing_status = 'unpriced' then sums.call_count else 0 end
            as unpriced_call_count,
        {{ input_tokens() }} as input_tokens,
        sums.cache_read_tokens,
        sums.output_tokens,
        sums.billed_cost_usd
    from sums
    inner join weeks
        on sums.reporting_date between weeks.week_start_date and weeks.week_end_date
    left join contexts
        on sums.context_id = contexts.context_id
    left join periods
        on {{ in_attribution_period('contexts', 'sums.hour_at') }}

),

-- No scope column is NULL before the sets are made: one that is not names the scope.
summed as (

    select
        week_start_date,
        weeks_ago,
        reporting_date,
        hour_at,
        {{ scope_columns.values() | join(',\n        ') }},
        {% for column in review_counts() %}
            sum({{ column }}) as {{ column }},
        {% endfor %}
        sum(billed_cost_usd) as billed_cost_usd
    from attributed
    group by grouping sets (
        (week_start_date, weeks_ago, reporting_date, hour_at),
        {% for column in scope_columns.values() %}
            (week_start_date, weeks_ago, reporting_date, hour_at, {{ column }})
            {{- ',' if not loop.last }}
        {% endfor %}
    )

),

final as (

    select
        week_start_date,
        weeks_ago,
        reporting_date,
        hour_at,
        case
            {% for scope, column in scope_columns.items() %}
                when {{ column }} is not null then '{{ scope }}'
            {% endfor %}
            else 'org'
        end as scope_type,
        coalesce({{ scope_columns.values() | join(', ') }}, '*') as scope_id,
        {% for column in review_counts() %}
            cast({{ column }} as bigint) as {{ column }},
        {% endfor %}
        cast(billed_cost_usd as decimal(38, 12)) as billed_cost_usd
    from summed

)

select * from final
