/*
    Grain: cohort_date, tenant_id, feature.

    Tasks by the reporting day of their first call, with all they ever cost and what became of
    them; beside them what calls without a task cost on that day, so that both together are the
    ledger. A day with nothing but such calls is a row without tasks.
*/
with

cohorts as (

    select * from {{ ref('int_cohorts_projected') }}

),

as_of as (

    select * from {{ ref('int_outcomes_as_of') }}

),

summed as (

    select
        opened_date as cohort_date,
        tenant_id,
        feature,
        {{ cohort_sums() }}
    from cohorts
    group by
        opened_date,
        tenant_id,
        feature

),

{{ unit_cost_intervals('summed') }},

figures as (

    select
        cohort_date,
        tenant_id,
        feature,
        {{ cohort_figures() }}
    from intervals

),

untasked as (

    select
        reporting_date as cohort_date,
        tenant_id,
        feature,
        cast(sum(untasked_call_count) as bigint) as untasked_call_count,
        cast(sum(untasked_unpriced_call_count) as bigint) as untasked_unpriced_call_count,
        cast(sum(untasked_cost_usd) as decimal(38, 12)) as untasked_cost_usd
    from {{ ref('int_untasked_costs_summed_daily') }}
    group by
        reporting_date,
        tenant_id,
        feature

),

final as (

    select
        coalesce(figures.cohort_date, untasked.cohort_date) as cohort_date,
        coalesce(figures.tenant_id, untasked.tenant_id) as tenant_id,
        coalesce(figures.feature, untasked.feature) as feature,
        {% for column in cohort_count_columns() %}
            coalesce(figures.{{ column }}, 0) as {{ column }},
        {% endfor %}
        {% for column in task_token_columns() + ['total_tokens'] %}
            figures.{{ column }},
        {% endfor %}
        {% for column in task_cost_columns() %}
            case
                when figures.cohort_date is null then cast(0 as decimal(38, 12))
                else figures.{{ column }}
            end as {{ column }},
        {% endfor %}
        {% for column in cohort_ratio_columns() %}
            figures.{{ column }},
        {% endfor %}
        coalesce(figures.is_suppressed, true) as is_suppressed,
        figures.is_mature,
        coalesce(figures.is_measured, false) as is_measured,
        coalesce(untasked.untasked_call_count, 0) as untasked_call_count,
        coalesce(untasked.untasked_unpriced_call_count, 0) as untasked_unpriced_call_count,
        case
            when untasked.cohort_date is null then cast(0 as decimal(38, 12))
            else untasked.untasked_cost_usd
        end as untasked_cost_usd,
        {{ share_of(
            'coalesce(figures.billed_cost_usd, 0)',
            'coalesce(figures.billed_cost_usd, 0) + coalesce(untasked.untasked_cost_usd, 0)',
        ) }} as attribution_coverage_share,
        as_of.as_of
    from figures
    full outer join untasked
        on
            figures.cohort_date = untasked.cohort_date
            and figures.tenant_id = untasked.tenant_id
            and figures.feature = untasked.feature
    cross join as_of

)

select * from final
