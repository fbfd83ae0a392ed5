/*
    Runs, calls beside them and calls of no workflow together are the ledger: same calls, same
    money to the last digit. Against the hourly costs, which know nothing of runs; over all days,
    because a run counts where it began.
    Rows returned are totals that differ.
*/
with

workflows as (

    select
        sum(call_count + runless_call_count + no_workflow_call_count) as call_count,
        sum(
            unpriced_call_count + runless_unpriced_call_count + no_workflow_unpriced_call_count
        ) as unpriced_call_count,
        sum(
            coalesce(billed_cost_usd, 0)
            + coalesce(runless_cost_usd, 0)
            + coalesce(no_workflow_cost_usd, 0)
        ) as billed_cost_usd
    from {{ ref('fct_workflow_costs_daily') }}

),

hourly as (

    select
        sum(call_count) as call_count,
        sum(unpriced_call_count) as unpriced_call_count,
        sum(coalesce(billed_cost_usd, 0)) as billed_cost_usd
    from {{ ref('fct_costs_hourly') }}

)

select
    workflows.call_count as workflow_call_count,
    hourly.call_count as hourly_call_count,
    workflows.billed_cost_usd as workflow_billed_cost_usd,
    hourly.billed_cost_usd as hourly_billed_cost_usd
from workflows
cross join hourly
where
    workflows.call_count is distinct from hourly.call_count
    or workflows.unpriced_call_count is distinct from hourly.unpriced_call_count
    or workflows.billed_cost_usd is distinct from hourly.billed_cost_usd
