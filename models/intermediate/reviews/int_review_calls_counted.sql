{{ config(materialized='table') }}

/*
    Grain: week_start_date, feature, is_batch, is_cache_hit, input_tokens.

    How many calls of the reviewed week and the one before read how many tokens: small, and an
    exact quantile comes from it. Components of calls are no calls. A cache hit is an answer of our
    own cache, which no provider saw.
*/
with

calls as (

    select * from {{ ref('stg_lake__calls') }}
    where
        component_index = 0
        and {{ in_reviewed_weeks('event_date', ref('int_review_weeks'), slack_days=1) }}

),

weeks as (

    select * from {{ ref('int_review_weeks') }}
    where weeks_ago <= 1

),

periods as (

    select * from {{ ref('int_attribution_periods') }}

),

dated as (

    select
        {{ attributed('feature') }} as feature,
        {{ reporting_date('calls.started_at', 'calls.event_date') }} as reporting_date,
        coalesce(calls.is_batch, false) or coalesce(calls.service_tier = 'batch', false)
            as is_batch,
        coalesce(calls.is_cache_hit, false) as is_cache_hit,
        {{ input_tokens() }} as input_tokens
    from calls
    left join periods
        on {{ in_attribution_period('calls', 'calls.started_at') }}

),

final as (

    select
        weeks.week_start_date,
        weeks.weeks_ago,
        dated.feature,
        dated.is_batch,
        dated.is_cache_hit,
        cast(dated.input_tokens as bigint) as input_tokens,
        count(*) as call_count
    from dated
    inner join weeks
        on dated.reporting_date between weeks.week_start_date and weeks.week_end_date
    group by
        weeks.week_start_date,
        weeks.weeks_ago,
        dated.feature,
        dated.is_batch,
        dated.is_cache_hit,
        dated.input_tokens

)

select * from final
