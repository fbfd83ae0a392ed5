/*
    The feature x model x hour report carries all money of its hours, and no hour of the window is
    missing from it. Rows returned are hours that differ.
*/
with

report as (

    select
        hour_at,
        sum(billed_cost_usd) as billed_cost_usd,
        sum(call_count) as call_count
    from {{ ref('rpt_feature_model_hourly') }}
    group by hour_at

),

hourly as (

    select
        hour_at,
        sum(billed_cost_usd) as billed_cost_usd,
        sum(call_count) as call_count
    from {{ ref('fct_costs_hourly') }}
    where
        {{ in_newest_days('event_date', ref('fct_model_costs_daily'), 'cost_date') }}
        and hour_at > (
            select max(report.hour_at) - interval {{ var('recent_hours') }} hour from report
        )
    group by hour_at

)

select
    coalesce(report.hour_at, hourly.hour_at) as hour_at,
    report.billed_cost_usd as report_billed_cost_usd,
    hourly.billed_cost_usd as hourly_billed_cost_usd
from report
full outer join hourly
    on report.hour_at = hourly.hour_at
where
    report.billed_cost_usd is distinct from hourly.billed_cost_usd
    or report.call_count is distinct from hourly.call_count
