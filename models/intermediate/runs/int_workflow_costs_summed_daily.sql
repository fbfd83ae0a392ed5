{{ config(
    materialized='incremental',
    incremental_strategy='restated',
    unique_key='started_date',
    meta={'restated_by': 'int_run_days_judged'},
    on_schema_change='fail',
) }}

/*
    Grain: started_date, workflow_id.
    Runs by the reporting day of their first call, with all they ever cost. Percentiles are over
    the runs themselves; those of cost over the runs whose cost is known.
*/
with

runs as (

    select * from {{ ref('int_workflow_runs_judged') }}
    where {{ in_restated('started_date', ref('int_run_days_judged')) }}

),

final as (

    select
        started_date,
        workflow_id,

        ---------- counts
        count(*) filter (where outcome = 'failed') as failed_run_count,
        count(*) filter (where unpriced_call_count > 0) as unpriced_run_count,
        count(*) filter (where is_above_limit) as above_limit_run_count,
        count(*) filter (where is_runaway) as runaway_run_count,

        ---------- calls and tokens
        {% for column in task_count_columns() + task_token_columns() %}
            cast(sum({{ column }}) as bigint) as {{ column }},
        {% endfor %}

        ---------- money
        {% for column in task_cost_columns() %}
            cast(sum({{ column }}) as decimal(38, 12)) as {{ column }},
        {% endfor %}
        cast(sum(case when is_runaway then billed_cost_usd else 0 end) as decimal(38, 12))
            as runaway_cost_usd,

        ---------- distributions
        {% for percent in [50, 90, 99] %}
            cast({{ quantile_of('billed_cost_usd', percent / 100) }} as decimal(38, 12))
                as run_cost_p{{ percent }}_usd,
            cast({{ quantile_of('operation_count', percent / 100) }} as double)
                as run_steps_p{{ percent }},
        {% endfor %}
        count(*) as run_count
    from runs
    group by
        started_date,
        workflow_id

)

select * from final
