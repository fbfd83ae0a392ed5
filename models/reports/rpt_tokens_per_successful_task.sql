/*
    Grain: cohort_date, feature.

    Tokens for each successful task, by the day of the tasks' first call, all tenants together,
    and over the seven days up to it once every window in them is over: the trend that prompts
    and routes are judged by. A day whose windows are open looks dear, so it is in no trend.
    Features whose outcomes nobody measures have no row.
*/
with

task_costs as (

    select * from {{ ref('fct_task_costs_daily') }}
    where
        is_measured
        and task_count > 0

),

daily as (

    select
        cohort_date,
        feature,
        sum(task_count) as task_count,
        sum(success_count) as success_count,
        sum(total_tokens) as total_tokens,
        sum(billed_cost_usd) as billed_cost_usd,
        sum(unpriced_call_count) as unpriced_call_count,
        min(case when is_mature then 1 else 0 end) as mature_flag
    from task_costs
    group by
        cohort_date,
        feature

),

weekly as (

    select
        *,
        min(mature_flag) over seven_days = 1 as is_mature_7d,
        sum(success_count) over seven_days as success_count_7d,
        sum(total_tokens) over seven_days as total_tokens_7d,
        sum(billed_cost_usd) over seven_days as billed_cost_7d_usd
    from daily
    window seven_days as (
        partition by feature
        order by cohort_date
        range between interval 6 day preceding and current row
    )

),

trend as (

    select
        *,
        case
            when is_mature_7d then {{ share_of('total_tokens_7d', 'success_count_7d') }}
        end as tokens_per_success_7d
    from weekly

),

final as (

    select
        trend.cohort_date,
        trend.feature,
        cast(trend.task_count as bigint) as task_count,
        cast(trend.success_count as bigint) as success_count,
        cast(trend.total_tokens as bigint) as total_tokens,
        cast(trend.unpriced_call_count as bigint) as unpriced_call_count,
        cast(trend.billed_cost_usd as decimal(38, 12)) as billed_cost_usd,
        trend.mature_flag = 1 as is_mature,
        {{ share_of('trend.total_tokens', 'trend.success_count') }} as tokens_per_success,
        trend.tokens_per_success_7d,
        week_before.tokens_per_success_7d as previous_tokens_per_success_7d,
        {{ share_of(
            'trend.tokens_per_success_7d - week_before.tokens_per_success_7d',
            'week_before.tokens_per_success_7d',
        ) }} as change_share,
        case
            when trend.is_mature_7d
                then {{ unit_cost_usd('trend.billed_cost_7d_usd', 'trend.success_count_7d') }}
        end as cost_per_success_7d_usd
    from trend
    left join trend as week_before
        on
            trend.feature = week_before.feature
            and trend.cohort_date = week_before.cohort_date + interval 7 day

)

select * from final
