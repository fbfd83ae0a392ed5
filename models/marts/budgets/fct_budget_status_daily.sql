{{ config(
    materialized='incremental',
    incremental_strategy='from_first_change',
    unique_key='cost_date',
    on_schema_change='fail',
) }}

/*
    Grain: budget_id, cost_date.

    Each daily and monthly budget on each day its scope was active (calls within five weeks), and as
    `none:<scope_type>:<scope_id>` each scope that has no monthly budget. A row knows nothing of
    the days after its own. The newest day may still be running: its forecast is the one of the day
    before, never less than what has been spent since.

    Statuses, worst first: exhausted (spent reached the budget), critical (a share of the month's
    budget was gone in its first days), page (even the low forecast is above the budget), warn (the
    forecast is; of a day, nearly spent), ok, unknown (no call has a known price), no_budget.
*/

with

forecasts as (

    select * from {{ ref('int_spend_forecasts_daily') }}
    where {{ from_first_change('as_of_date', 32) }}

),

costs as (

    select * from {{ ref('int_scope_costs_daily') }}

),

known as (

    select * from {{ ref('int_days_known') }}

),

budgets as (

    select * from {{ ref('int_budgets_in_force') }}
    where period in ('day', 'month')

),

rules as (

    select
        max(case when rule_name = 'near_limit_share' then rule_value end) as near_limit_share,
        max(case when rule_name = 'early_spend_share' then rule_value end) as early_spend_share,
        max(case when rule_name = 'early_spend_days' then rule_value end) as early_spend_days
    from {{ ref('forecast_rules') }}

),

shared as (

    select
        *,
        {{ usual_of_last_days('extract(day from as_of_date)') }} as elapsed_weight,
        {{ spend_of_next_days('remaining_days') }} as open_weight
    from forecasts

),

running as (

    select costs.*
    from costs
    inner join known
        on
            costs.cost_date = known.newest_day
            and known.newest_day > known.last_complete_day

),

latest as (

    select
        shared.*,
        known.newest_day,
        shared.month_start_date = cast(date_trunc('month', known.newest_day) as date)
            as is_same_month
    from shared
    inner join known
        on
            shared.as_of_date = known.last_complete_day
            and known.newest_day > known.last_complete_day

),

-- Nothing spent today, or nothing before, is known to be 0; unpriced alone stays NULL.
continued as (

    select
        coalesce(latest.scope_type, running.scope_type) as scope_type,
        coalesce(latest.scope_id, running.scope_id) as scope_id,
        coalesce(latest.newest_day, running.cost_date) as cost_date,
        coalesce(latest.is_same_month, false) as is_same_month,
        latest.as_of_date,
        latest.method,
        latest.history_days,
        {% for offset in range(1, 8) %}
            latest.expected_{{ offset }},
        {% endfor %}
        coalesce(running.unpriced_call_count, 0) as day_unpriced_call_count,
        coalesce(running.unpriced_call_count, 0)
        + case when latest.is_same_month then latest.unpriced_call_count else 0 end
            as unpriced_call_count,
        case when running.scope_id is null then 0 else running.cost_usd end as day_spent_usd,
        case when latest.is_same_month then latest.spent_usd end as base_spent_usd,
        case
            when latest.is_same_month and running.scope_id is null then latest.spent_usd
            when latest.is_same_month and running.cost_usd is null then latest.spent_usd
            when latest.is_same_month and latest.spent_usd is null then running.cost_usd
            when latest.is_same_month then latest.spent_usd + running.cost_usd
            when running.scope_id is null then 0
            else running.cost_usd
        end as spent_usd,
        case when latest.is_same_month then latest.forecast_usd end as forecast_usd,
        case when latest.is_same_month then latest.forecast_low_usd end as forecast_low_usd,
        case when latest.is_same_month then latest.forecast_high_usd end as forecast_high_usd,
        case when latest.is_same_month then latest.elapsed_weight + latest.expected_1 end
            as elapsed_weight,
        case when latest.is_same_month then latest.elapsed_weight + latest.open_weight end
            as month_weight
    from latest
    full outer join running
        on
            latest.scope_type = running.scope_type
            and latest.scope_id = running.scope_id

),

days as (

    select
        scope_type,
        scope_id,
        as_of_date as cost_date,
        as_of_date,
        true as is_complete_day,
        {% for offset in range(1, 8) %}
            expected_{{ offset }},
        {% endfor %}
        method,
        history_days,
        day_unpriced_call_count,
        unpriced_call_count,
        day_spent_usd,
        spent_usd as base_spent_usd,
        spent_usd,
        forecast_usd,
        forecast_low_usd,
        forecast_high_usd,
        elapsed_weight,
        elapsed_weight + open_weight as month_weight
    from shared

    union all

    select
        scope_type,
        scope_id,
        cost_date,
        as_of_date,
        false as is_complete_day,
        {% for offset in range(1, 8) %}
            expected_{{ offset }},
        {% endfor %}
        method,
        history_days,
        day_unpriced_call_count,
        unpriced_call_count,
        cast(day_spent_usd as decimal(38, 12)) as day_spent_usd,
        base_spent_usd,
        cast(spent_usd as decimal(38, 12)) as spent_usd,
        cast(greatest(forecast_usd, case when is_same_month then spent_usd end) as decimal(38, 12))
            as forecast_usd,
        case
            when forecast_low_usd is not null
                then cast(greatest(forecast_low_usd, spent_usd) as decimal(38, 12))
        end as forecast_low_usd,
        case
            when forecast_high_usd is not null
                then cast(greatest(forecast_high_usd, spent_usd) as decimal(38, 12))
        end as forecast_high_usd,
        elapsed_weight,
        month_weight
    from continued

),

dated as (

    select
        *,
        cast(date_trunc('month', cost_date) as date) as month_start_date,
        cast(extract(day from cost_date) as integer) as day_of_month,
        {{ days_between('cost_date', 'last_day(cost_date)') }} as days_left,
        {{ days_between('as_of_date', 'last_day(cost_date)') }} as forecast_days,
        case
            when history_days >= 28 and month_weight > 0 then elapsed_weight / month_weight
            else cast(extract(day from cost_date) as double) / extract(day from last_day(cost_date))
        end as expected_share
    from days

),

budgeted as (

    select
        budgets.budget_id,
        budgets.budget_source,
        budgets.owner,
        budgets.period,
        budgets.budget_usd,
        dated.*
    from dated
    inner join budgets
        on
            dated.scope_type = budgets.scope_type
            and dated.scope_id = budgets.scope_id
            and dated.cost_date >= budgets.valid_from
            and dated.cost_date < budgets.valid_to

    union all

    select
        'none:' || dated.scope_type || ':' || dated.scope_id as budget_id,
        'none' as budget_source,
        cast(null as varchar) as owner,
        'month' as period,
        cast(null as decimal(38, 12)) as budget_usd,
        dated.*
    from dated
    left join budgets
        on
            budgets.period = 'month'
            and dated.scope_type = budgets.scope_type
            and dated.scope_id = budgets.scope_id
            and dated.cost_date >= budgets.valid_from
            and dated.cost_date < budgets.valid_to
    where budgets.budget_id is null

),

measured as (

    select
        budgeted.*,
        rules.near_limit_share,
        case when budgeted.period = 'day' then budgeted.day_spent_usd else budgeted.spent_usd end
            as period_spent_usd,
        case
            when budgeted.period = 'day'
                then cast(budgeted.budget_usd - budgeted.day_spent_usd as decimal(38, 12))
            else cast(budgeted.budget_usd - budgeted.spent_usd as decimal(38, 12))
        end as remaining_usd,
        case
            when budgeted.period = 'day' and budgeted.is_complete_day
                then budgeted.day_spent_usd
            when budgeted.period = 'day'
                then {{ dollars('budgeted.expected_1', 'budgeted.day_spent_usd') }}
            else budgeted.forecast_usd
        end as period_forecast_usd,
        min(
            case when budgeted.spent_usd >= budgeted.budget_usd then budgeted.cost_date end
        ) over of_the_budget as spent_date,
        max(
            case
                when
                    budgeted.day_of_month <= rules.early_spend_days
                    and budgeted.spent_usd >= budgeted.budget_usd * rules.early_spend_share
                    and budgeted.budget_usd > 0
                    then 1
                else 0
            end
        ) over of_the_budget = 1 as is_early,
        {{ days_until_spent('cast(budgeted.budget_usd - budgeted.base_spent_usd as double)') }}
            as days_until_spent
    from budgeted
    cross join rules
    window of_the_budget as (
        partition by budgeted.budget_id, budgeted.month_start_date, budgeted.budget_usd
        order by budgeted.cost_date
        rows between unbounded preceding and current row
    )

),

judged as (

    select
        *,
        case
            when budget_usd is null then 'no_budget'
            when period_spent_usd is null then 'unknown'
            when period_spent_usd >= budget_usd then 'exhausted'
            when period = 'month' and is_early then 'critical'
            when period = 'month' and forecast_low_usd > budget_usd then 'page'
            when period = 'month' and forecast_usd > budget_usd then 'warn'
            when period = 'day' and period_spent_usd >= budget_usd * near_limit_share then 'warn'
            else 'ok'
        end as status
    from measured
    where {{ from_first_change('cost_date') }}

),

final as (

    select
        budget_id,
        budget_source,
        owner,
        scope_type,
        scope_id,
        period,
        cost_date,
        case when period = 'month' then month_start_date else cost_date end as period_start_date,
        is_complete_day,
        case when period = 'month' then days_left else 0 end as open_days,
        budget_usd,
        period_spent_usd as spent_usd,
        day_spent_usd,
        remaining_usd,
        {{ share_of('period_spent_usd', 'budget_usd') }} as used_share,
        case when period = 'month' then expected_share end as expected_share,
        case
            when period = 'month'
                then {{ share_of('period_spent_usd', 'budget_usd') }} / nullif(expected_share, 0)
        end as pace_ratio,
        period_forecast_usd as forecast_usd,
        case when period = 'month' then forecast_low_usd end as forecast_low_usd,
        case when period = 'month' then forecast_high_usd end as forecast_high_usd,
        case when period = 'month' and forecast_usd is not null then method end as forecast_method,
        case
            when status = 'exhausted' and period = 'day' then cost_date
            when status = 'exhausted' then spent_date
            when period = 'month' and days_until_spent <= forecast_days
                then greatest(cast(as_of_date + days_until_spent as date), cost_date)
        end as exhaustion_date,
        period = 'month' and is_early as is_80_percent_in_week_one,
        case when period = 'month' then unpriced_call_count else day_unpriced_call_count end
            as unpriced_call_count,
        status
    from judged

)

select * from final
