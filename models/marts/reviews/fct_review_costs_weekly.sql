/*
    Grain: week_start_date, scope_type, scope_id.

    What the organisation and each tenant, feature, workflow and model cost in the reviewed week
    (weeks_ago 0) and the one before. The organisation has a row for each week, also one without
    calls; the others where they had calls. The known part where calls are unpriced.
*/
with

weeks as (

    select * from {{ ref('int_review_weeks') }}
    where weeks_ago <= 1

),

hourly as (

    select * from {{ ref('int_review_costs_hourly') }}

),

summed as (

    select
        week_start_date,
        weeks_ago,
        scope_type,
        scope_id,
        {% for column in review_counts() %}
            cast(sum({{ column }}) as bigint) as {{ column }},
        {% endfor %}
        cast(sum(billed_cost_usd) as decimal(38, 12)) as billed_cost_usd
    from hourly
    group by
        week_start_date,
        weeks_ago,
        scope_type,
        scope_id

),

silent as (

    select
        weeks.week_start_date,
        weeks.weeks_ago,
        'org' as scope_type,
        '*' as scope_id,
        {% for column in review_counts() %}
            cast(0 as bigint) as {{ column }},
        {% endfor %}
        cast(0 as decimal(38, 12)) as billed_cost_usd
    from weeks
    left join summed
        on
            weeks.week_start_date = summed.week_start_date
            and summed.scope_type = 'org'
    where summed.week_start_date is null

),

every_week as (

    select * from summed
    union all
    select * from silent

),

final as (

    select
        week_start_date,
        weeks_ago,
        scope_type,
        scope_id,
        {{ review_counts() | join(',\n        ') }},
        billed_cost_usd,
        {{ unit_cost_usd('billed_cost_usd', 'call_count') }} as cost_per_call_usd,
        {{ unit_cost_usd('billed_cost_usd', 'operation_count') }} as cost_per_operation_usd,
        {{ unit_cost_usd(
            'billed_cost_usd', '((coalesce(input_tokens, 0) + coalesce(output_tokens, 0)) * 0.001)'
        ) }} as cost_per_1k_tokens_usd,
        {{ share_of('retry_call_count', 'call_count') }} as retry_share,
        {{ share_of('fallback_call_count', 'call_count') }} as fallback_share,
        {{ share_of('failed_call_count', 'call_count') }} as failed_share,
        {{ share_of('cache_read_tokens', 'input_tokens') }} as cache_read_share
    from every_week

)

select * from final
