/*
    Grain: scope_type, scope_id, as_of_date.

    What the month of a day will come to, as known at the end of that day, with the range that held
    four of five forecasts in the months before. It assumes no new incident. No range with
    less than a week of history; forecast and range are NULL where no call has a known price.
*/
with

paths as (

    select * from {{ ref('int_spend_paths_daily') }}

),

errors as (

    select * from {{ ref('int_forecast_errors_monthly') }}

),

joined as (

    select
        paths.*,
        errors.error_source,
        cast(paths.spent_usd as double) + paths.expected_remaining as forecast,
        {{ error_scale('paths') }} as scale,
        errors.low_error,
        errors.high_error
    from paths
    left join errors
        on
            paths.scope_type = errors.scope_type
            and paths.month_start_date = errors.month_start_date

),

final as (

    select
        scope_type,
        scope_id,
        as_of_date,
        month_start_date,
        method,
        history_days,
        remaining_days,
        error_source,
        {% for offset in range(1, 8) %}
            expected_{{ offset }},
        {% endfor %}
        day_unpriced_call_count,
        unpriced_call_count,
        day_spent_usd,
        spent_usd,
        {{ dollars('forecast', 'spent_usd') }} as forecast_usd,
        case
            when scale is not null
                then {{ dollars('least(forecast + low_error * scale, forecast)', 'spent_usd') }}
        end as forecast_low_usd,
        case
            when scale is not null
                then {{ dollars('greatest(forecast + high_error * scale, forecast)', 'spent_usd') }}
        end as forecast_high_usd
    from joined

)

select * from final
