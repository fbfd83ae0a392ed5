{{ config(materialized='table') }}

/*
    Grain: scope_type, month_start_date.

    How far forecasts were off in the three months before a month, for the interval of its
    forecasts: the 10 % and 90 % quantiles of (month's total - forecast) / error scale. Every month
    that is looked at was finished before the month began, so no interval knows the future.

    Errors are pooled over the scopes of a type; a type with fewer than min_pooled_months months of
    scopes (there is one organisation) uses the errors of all types, and where those are too few
    the two figures of forecast_rules stand in. Every third day is taken: neighbours err alike.
*/
with

paths as (

    select * from {{ ref('int_spend_paths_daily') }}

),

rules as (

    select
        max(case when rule_name = 'min_pooled_months' then rule_value end) as min_pooled_months,
        max(case when rule_name = 'first_low_error' then rule_value end) as first_low_error,
        max(case when rule_name = 'first_high_error' then rule_value end) as first_high_error
    from {{ ref('forecast_rules') }}

),

-- A scope that starts again within a month was silent before: its larger total is the month's.
totals as (

    select
        scope_type,
        scope_id,
        month_start_date,
        cast(max(spent_usd) as double) as month_total
    from paths
    group by
        scope_type,
        scope_id,
        month_start_date

),

errors as (

    select
        paths.scope_type,
        paths.scope_id,
        paths.month_start_date,
        (totals.month_total - paths.spent_usd - paths.expected_remaining)
        / {{ error_scale('paths') }} as error
    from paths
    inner join totals
        on
            paths.scope_type = totals.scope_type
            and paths.scope_id = totals.scope_id
            and paths.month_start_date = totals.month_start_date
    where
        paths.remaining_days > 0
        and mod(cast(extract(day from paths.as_of_date) as integer), 3) = 1
        and {{ error_scale('paths') }} > 0

),

months as (

    select distinct
        scope_type,
        month_start_date
    from paths

),

targets as (

    select distinct month_start_date
    from months

),

pooled as (

    select
        targets.month_start_date,
        errors.scope_type,
        count(distinct errors.scope_type || ':' || errors.scope_id || errors.month_start_date)
            as month_count,
        {{ quantile_of('errors.error', 0.1) }} as low_error,
        {{ quantile_of('errors.error', 0.9) }} as high_error
    from targets
    inner join errors
        on
            errors.month_start_date < targets.month_start_date
            and errors.month_start_date
            >= cast(targets.month_start_date - interval 3 month as date)
    group by grouping sets (
        (targets.month_start_date),
        (targets.month_start_date, errors.scope_type)
    )

),

final as (

    select
        months.scope_type,
        months.month_start_date,
        case
            when of_type.month_count >= rules.min_pooled_months then 'scope_type'
            when of_all.month_count >= rules.min_pooled_months then 'all_scopes'
            else 'assumed'
        end as error_source,
        coalesce(of_type.month_count, 0) as pooled_month_count,
        case
            when of_type.month_count >= rules.min_pooled_months then of_type.low_error
            when of_all.month_count >= rules.min_pooled_months then of_all.low_error
            else cast(rules.first_low_error as double)
        end as low_error,
        case
            when of_type.month_count >= rules.min_pooled_months then of_type.high_error
            when of_all.month_count >= rules.min_pooled_months then of_all.high_error
            else cast(rules.first_high_error as double)
        end as high_error
    from months
    cross join rules
    left join pooled as of_type
        on
            months.month_start_date = of_type.month_start_date
            and months.scope_type = of_type.scope_type
    left join pooled as of_all
        on
            months.month_start_date = of_all.month_start_date
            and of_all.scope_type is null

)

select * from final
