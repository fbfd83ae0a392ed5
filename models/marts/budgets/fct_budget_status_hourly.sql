{{ config(materialized='view') }}

/*
    Grain: budget_id, hour_at. Every UTC hour in which the scope of an hourly budget had calls: a
    tenant above its contracted rate is a row with excess_usd above 0.
*/
with

costs as (

    select * from {{ ref('int_budget_costs_hourly') }}

),

budgets as (

    select * from {{ ref('int_budgets_in_force') }}
    where period = 'hour'

),

rules as (

    select max(case when rule_name = 'near_limit_share' then rule_value end) as near_limit_share
    from {{ ref('forecast_rules') }}

),

final as (

    select
        budgets.budget_id,
        budgets.budget_source,
        budgets.owner,
        budgets.scope_type,
        budgets.scope_id,
        costs.hour_at,
        costs.reporting_date as cost_date,
        costs.call_count,
        costs.unpriced_call_count,
        budgets.budget_usd,
        costs.cost_usd as spent_usd,
        cast(budgets.budget_usd - costs.cost_usd as decimal(38, 12)) as remaining_usd,
        cast(
            case
                when costs.cost_usd > budgets.budget_usd then costs.cost_usd - budgets.budget_usd
                when costs.cost_usd is not null then 0
            end as decimal(38, 12)
        ) as excess_usd,
        {{ share_of('costs.cost_usd', 'budgets.budget_usd') }} as used_share,
        case
            when costs.cost_usd is null then 'unknown'
            when costs.cost_usd >= budgets.budget_usd then 'exhausted'
            when costs.cost_usd >= budgets.budget_usd * rules.near_limit_share then 'warn'
            else 'ok'
        end as status
    from costs
    inner join budgets
        on
            costs.scope_type = budgets.scope_type
            and costs.scope_id = budgets.scope_id
            and costs.reporting_date >= budgets.valid_from
            and costs.reporting_date < budgets.valid_to
    cross join rules

)

select * from final
