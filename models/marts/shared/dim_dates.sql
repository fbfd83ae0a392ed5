/* Grain: calendar_date. The days of the reporting zone from the first to the last with costs. */
with

costs as (

    select * from {{ ref('fct_model_costs_daily') }}

),

span as (

    select
        min(cost_date) as first_day,
        max(cost_date) as last_day
    from costs

),

days as (

    select {{ day_of_series('first_day', 'last_day') }} as calendar_date
    from span
    where first_day is not null

),

final as (

    select
        calendar_date,
        cast(date_trunc('week', calendar_date) as date) as week_start_date,
        cast(date_trunc('month', calendar_date) as date) as month_start_date,
        cast(date_trunc('quarter', calendar_date) as date) as quarter_start_date,
        cast(extract(year from calendar_date) as integer) as calendar_year,
        cast(extract(month from calendar_date) as integer) as month_of_year,
        cast(extract(day from calendar_date) as integer) as day_of_month,
        {{ iso_weekday('calendar_date') }} as weekday_number,
        {{ iso_weekday('calendar_date') }} >= 6 as is_weekend
    from days

)

select * from final
