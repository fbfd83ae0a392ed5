/*
    Grain: week_start_date, scope_type, scope_id (a feature, or the organisation as `*`).

    Batch calls, answers of our own cache, and the input tokens nine of ten calls stay within, in
    the reviewed week and the one before. p90_input_tokens is exact: the smallest count that at
    least 90 % of the calls do not exceed, over calls that a provider saw and that say their count.
*/
with

counted as (

    select * from {{ ref('int_review_calls_counted') }}

),

scoped as (

    select
        week_start_date,
        weeks_ago,
        'feature' as scope_type,
        feature as scope_id,
        is_batch,
        is_cache_hit,
        input_tokens,
        call_count
    from counted

    union all

    select
        week_start_date,
        weeks_ago,
        'org' as scope_type,
        '*' as scope_id,
        is_batch,
        is_cache_hit,
        input_tokens,
        call_count
    from counted

),

sums as (

    select
        week_start_date,
        weeks_ago,
        scope_type,
        scope_id,
        sum(call_count) as call_count,
        sum(case when is_batch then call_count else 0 end) as batch_call_count,
        sum(case when is_cache_hit then call_count else 0 end) as cache_hit_count
    from scoped
    group by
        week_start_date,
        weeks_ago,
        scope_type,
        scope_id

),

sizes as (

    select
        week_start_date,
        scope_type,
        scope_id,
        input_tokens,
        sum(call_count) as call_count
    from scoped
    where
        input_tokens is not null
        and not is_cache_hit
    group by
        week_start_date,
        scope_type,
        scope_id,
        input_tokens

),

ranked as (

    select
        *,
        sum(call_count) over (
            partition by week_start_date, scope_type, scope_id
            order by input_tokens
        ) as calls_up_to,
        sum(call_count) over (partition by week_start_date, scope_type, scope_id) as calls_in_all
    from sizes

),

quantiles as (

    select
        week_start_date,
        scope_type,
        scope_id,
        min(input_tokens) as p90_input_tokens,
        max(calls_in_all) as sized_call_count
    from ranked
    where calls_up_to * 10 >= calls_in_all * 9
    group by
        week_start_date,
        scope_type,
        scope_id

),

final as (

    select
        sums.week_start_date,
        sums.weeks_ago,
        sums.scope_type,
        sums.scope_id,
        cast(sums.call_count as bigint) as call_count,
        cast(sums.batch_call_count as bigint) as batch_call_count,
        cast(sums.cache_hit_count as bigint) as cache_hit_count,
        cast(coalesce(quantiles.sized_call_count, 0) as bigint) as sized_call_count,
        {{ share_of('sums.batch_call_count', 'sums.call_count') }} as batch_share,
        {{ share_of('sums.cache_hit_count', 'sums.call_count') }} as cache_hit_share,
        quantiles.p90_input_tokens
    from sums
    left join quantiles
        on
            sums.week_start_date = quantiles.week_start_date
            and sums.scope_type = quantiles.scope_type
            and sums.scope_id = quantiles.scope_id

)

select * from final
