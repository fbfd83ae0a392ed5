/*
    A workflow's day is its runs: as many, as dear, as many above their limits. Of the days this
    build has judged, from the runs people see.
    Rows returned are days of workflows that differ.
*/
{% set measures = [
    'run_count',
    'failed_run_count',
    'above_limit_run_count',
    'runaway_run_count',
    'step_count',
    'billed_cost_usd',
    'chargeable_cost_usd',
] %}

with

runs as (

    select
        started_date as cost_date,
        workflow_id,
        count(*) as run_count,
        sum(case when outcome = 'failed' then 1 else 0 end) as failed_run_count,
        sum(case when is_above_limit then 1 else 0 end) as above_limit_run_count,
        sum(case when is_runaway then 1 else 0 end) as runaway_run_count,
        sum(step_count) as step_count,
        sum(billed_cost_usd) as billed_cost_usd,
        sum(chargeable_cost_usd) as chargeable_cost_usd
    from {{ ref('fct_workflow_runs') }}
    where {{ in_restated('started_date', ref('int_run_days_judged')) }}
    group by
        started_date,
        workflow_id

),

days as (

    select *
    from {{ ref('fct_workflow_costs_daily') }}
    where
        run_count > 0
        and {{ in_restated('cost_date', ref('int_run_days_judged'), 'started_date') }}

)

select
    coalesce(runs.cost_date, days.cost_date) as cost_date,
    coalesce(runs.workflow_id, days.workflow_id) as workflow_id,
    runs.run_count as counted_run_count,
    days.run_count as daily_run_count,
    runs.billed_cost_usd as counted_billed_cost_usd,
    days.billed_cost_usd as daily_billed_cost_usd
from runs
full outer join days
    on
        runs.cost_date = days.cost_date
        and runs.workflow_id = days.workflow_id
where
    runs.cost_date is null
    or days.cost_date is null
    {% for column in measures %}
        or runs.{{ column }} is distinct from days.{{ column }}
    {% endfor %}
