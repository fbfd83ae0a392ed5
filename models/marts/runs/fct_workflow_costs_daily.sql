/*
    Grain: cost_date, workflow_id.

    Runs by the reporting day of their first call, with all they ever cost; beside them the calls
    of that day that name the workflow and no run. Calls that name neither have columns of their
    own on the row '(unattributed)'. The three costs together are the ledger, to the last digit.
*/
{% set sums = [
    'failed_run_count',
    'unpriced_run_count',
    'above_limit_run_count',
    'runaway_run_count',
    'call_count',
    'retry_call_count',
    'failed_call_count',
    'unpriced_call_count',
] %}

with

runs as (

    select * from {{ ref('int_workflow_costs_summed_daily') }}

),

limits as (

    select * from {{ ref('int_workflow_limits_daily') }}

),

runless as (

    select
        reporting_date,
        workflow_id,
        workflow_id <> '(unattributed)' as has_workflow,
        cast(sum(call_count) as bigint) as call_count,
        cast(sum(unpriced_call_count) as bigint) as unpriced_call_count,
        cast(sum(billed_cost_usd) as decimal(38, 12)) as billed_cost_usd
    from {{ ref('int_runless_costs_summed_daily') }}
    group by
        reporting_date,
        workflow_id

),

final as (

    select
        coalesce(runs.started_date, runless.reporting_date) as cost_date,
        coalesce(runs.workflow_id, runless.workflow_id) as workflow_id,
        coalesce(runs.run_count, 0) as run_count,
        {% for column in sums %}
            coalesce(runs.{{ column }}, 0) as {{ column }},
        {% endfor %}
        coalesce(runs.operation_count, 0) as step_count,
        {% for column in task_token_columns() %}
            runs.{{ column }},
        {% endfor %}
        {{ total_tokens('runs') }} as total_tokens,
        {% for column in task_cost_columns() + ['runaway_cost_usd'] %}
            case
                when runs.workflow_id is null then cast(0 as decimal(38, 12))
                else runs.{{ column }}
            end as {{ column }},
        {% endfor %}
        {% for percent in [50, 90, 99] %}
            runs.run_cost_p{{ percent }}_usd,
        {% endfor %}
        {% for percent in [50, 90, 99] %}
            runs.run_steps_p{{ percent }},
        {% endfor %}
        {% for prefix, mine in [
            ('runless', 'runless.has_workflow'),
            ('no_workflow', 'not runless.has_workflow'),
        ] %}
            case when {{ mine }} then runless.call_count else 0 end as {{ prefix }}_call_count,
            case when {{ mine }} then runless.unpriced_call_count else 0 end
                as {{ prefix }}_unpriced_call_count,
            case
                when {{ mine }} then runless.billed_cost_usd
                else cast(0 as decimal(38, 12))
            end as {{ prefix }}_cost_usd,
        {% endfor %}
        limits.max_cost_usd,
        limits.typical_step_count
    from runs
    full outer join runless
        on
            runs.started_date = runless.reporting_date
            and runs.workflow_id = runless.workflow_id
    left join limits
        on
            runs.started_date = limits.started_date
            and runs.workflow_id = limits.workflow_id

)

select * from final
