{{ config(
    materialized='incremental',
    incremental_strategy='from_first_change',
    unique_key='as_of_date',
    on_schema_change='fail',
) }}

/*
    Grain: scope_type, scope_id, as_of_date.

    What a scope had spent of its month at the end of a complete day, and what each of the next
    seven days is expected to cost; the days after them repeat the seven. A row knows nothing of
    the days after its own. A scope without a call for five weeks has no rows until it starts again,
    and then its history starts again too.

    28 days of history: what a weekday usually costs is the middle between median and mean of its
    last four. The seven are then scaled by last week's level, (last 7 days / usual 7 days) to the
    power 0.5 / (1 + 3 v), v being the squared ratio of daily noise to daily mean: the noisier the
    days, the less one week says. benchmarks/forecast measures this against other choices.
    7 days: their mean. Fewer: the mean of those there are.

    Every sum is written out term by term, so that a row has the same last bit whichever rows a
    build reads. 106 days are read before the first that may have changed: what a row looks at lies
    at most 63 days back, and a scope may have been silent for 35 before that.
*/
{% set scope = 'scope_type, scope_id' %}
{% set silent_days = 35 %}
{% set read_days = 106 %}

with

costs as (

    select * from {{ ref('int_scope_costs_daily') }}

),

known as (

    select * from {{ ref('int_days_known') }}

),

neighbours as (

    select
        costs.*,
        known.last_complete_day,
        lag(costs.cost_date) over (partition by {{ scope }} order by costs.cost_date)
            as previous_date,
        lead(costs.cost_date) over (partition by {{ scope }} order by costs.cost_date)
            as next_date
    from costs
    inner join known
        on costs.cost_date <= known.last_complete_day

),

started as (

    select
        *,
        max(
            case
                when
                    previous_date is null
                    or cost_date > previous_date + interval {{ silent_days }} day
                    then cost_date
            end
        ) over (partition by {{ scope }} order by cost_date) as first_date
    from neighbours

),

-- A day with calls, and the days without until the next; 0 on those is known, not unknown.
spread as (

    select
        scope_type,
        scope_id,
        first_date,
        cost_date,
        unpriced_call_count,
        cost_usd,
        {{ day_of_series(
            'cost_date',
            'cast(least('
            ~ 'coalesce(next_date - interval 1 day, last_complete_day),'
            ~ 'cost_date + interval ' ~ (silent_days - 1) ~ ' day,'
            ~ 'last_complete_day) as date)'
        ) }} as as_of_date
    from started
    where {{ from_first_change('cost_date', read_days) }}

),

days as (

    select
        scope_type,
        scope_id,
        first_date,
        as_of_date,
        cast(date_trunc('month', as_of_date) as date) as month_start_date,
        {{ days_between('first_date', 'as_of_date') }} + 1 as history_days,
        {{ days_between('as_of_date', 'last_day(as_of_date)') }} as remaining_days,
        case when as_of_date = cost_date then unpriced_call_count else 0 end
            as unpriced_call_count,
        case when as_of_date = cost_date then cost_usd end as cost_usd,
        coalesce(case when as_of_date = cost_date then cast(cost_usd as double) end, 0) as spend
    from spread

),

lagged as (

    select
        *,
        {% for offset in [1, 2, 3, 4, 5, 6, 7, 14, 21, 28] %}
            lag(spend, {{ offset }}) over by_day as spend_{{ offset }},
        {% endfor %}
        sum(cost_usd) over month_to_date as priced_usd,
        sum(unpriced_call_count) over month_to_date as month_unpriced_call_count
    from days
    window
        by_day as (partition by {{ scope }}, first_date order by as_of_date),
        month_to_date as (
            partition by {{ scope }}, first_date, month_start_date
            order by as_of_date
            rows between unbounded preceding and current row
        )

),

weekly as (

    select
        *,
        spend
        {%- for offset in range(1, 7) %}
            + coalesce(spend_{{ offset }}, 0)
        {%- endfor %} as week_spend,
        spend * spend
        {%- for offset in range(1, 7) %}
            + coalesce(spend_{{ offset }} * spend_{{ offset }}, 0)
        {%- endfor %} as week_squares,
        (
            3 * (spend + spend_7 + spend_14 + spend_21)
            - 2 * greatest(spend, spend_7, spend_14, spend_21)
            - 2 * least(spend, spend_7, spend_14, spend_21)
        ) / 8 as usual,
        (coalesce(spend_7, 0) + coalesce(spend_14, 0) + coalesce(spend_21, 0))
        / nullif(least(floor((history_days - 1) / 7), 3), 0) as short_usual
    from lagged

),

missed as (

    select
        *,
        case
            when spend_28 is not null then spend - lag(usual, 7) over by_day
            else spend - short_usual
        end as miss,
        week_spend
        {%- for offset in [7, 14, 21] %}
            + coalesce(lag(week_spend, {{ offset }}) over by_day, 0)
        {%- endfor %} as four_weeks_spend,
        {% for offset in range(1, 7) %}
            lag(usual, {{ 7 - offset }}) over by_day as usual_{{ offset }},
        {% endfor %}
        usual as usual_7
    from weekly
    window by_day as (partition by {{ scope }}, first_date order by as_of_date)

),

summed_misses as (

    select
        *,
        coalesce(miss * miss, 0)
        {%- for offset in range(1, 7) %}
            + coalesce(pow(lag(miss, {{ offset }}) over by_day, 2), 0)
        {%- endfor %} as week_miss_squares,
        usual_7
        {%- for offset in range(1, 7) %}
            + usual_{{ offset }}
        {%- endfor %} as usual_week
    from missed
    window by_day as (partition by {{ scope }}, first_date order by as_of_date)

),

noisy as (

    select
        *,
        case
            when history_days >= 14
                then
                    sqrt(
                        (
                            week_miss_squares
                            {%- for offset in [7, 14, 21] %}
                                + coalesce(lag(week_miss_squares, {{ offset }}) over by_day, 0)
                            {%- endfor %}
                        ) / least(history_days - 7, 28)
                    )
            when history_days >= 7
                then sqrt(greatest(week_squares - week_spend * week_spend / 7, 0) / 6)
        end as daily_noise,
        four_weeks_spend / 28 as daily_mean
    from summed_misses
    window by_day as (partition by {{ scope }}, first_date order by as_of_date)

),

levelled as (

    select
        *,
        case
            when week_spend < 0 or usual_week <= 0 or daily_mean <= 0 then 1
            else
                pow(
                    week_spend / usual_week,
                    0.5 / (1 + 3 * pow(daily_noise / daily_mean, 2))
                )
        end as week_level
    from noisy
    where {{ from_first_change('as_of_date') }}

),

expected as (

    select
        {% for offset in range(1, 8) %}
            case
                when history_days >= 28 then usual_{{ offset }} * week_level
                else week_spend / least(history_days, 7)
            end as expected_{{ offset }},
        {% endfor %}
        levelled.*
    from levelled

),

final as (

    select
        scope_type,
        scope_id,
        as_of_date,
        month_start_date,
        history_days,
        remaining_days,
        case
            when history_days >= 28 then 'weekday_profile'
            when history_days >= 7 then 'trailing_7d'
            else 'run_rate'
        end as method,
        cast(unpriced_call_count as bigint) as day_unpriced_call_count,
        cast(month_unpriced_call_count as bigint) as unpriced_call_count,
        cast(
            case when cost_usd is null and unpriced_call_count = 0 then 0 else cost_usd end
            as decimal(38, 12)
        ) as day_spent_usd,
        cast(
            case
                when priced_usd is null and month_unpriced_call_count = 0 then 0 else priced_usd
            end as decimal(38, 12)
        ) as spent_usd,

        ---------- statistics: dollars as DOUBLE
        daily_noise,
        {% for offset in range(1, 8) %}
            expected_{{ offset }},
        {% endfor %}
        {{ spend_of_next_days('remaining_days') }} as expected_remaining
    from expected

)

select * from final
