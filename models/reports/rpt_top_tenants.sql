{{ config(materialized='table') }}

{% set windows = [24, 168] %}

/*
    Grain: window_hours, spend_rank.

    The tenants that cost most in the last 24 hours and in the last 7 days, beside the 24 hours or
    7 days before. Windows are counted back from the newest hour of the data, as in
    rpt_feature_model_hourly. A table for the same reason: its days are written in as a literal.
*/
with

costs as (

    select * from {{ ref('fct_costs_hourly') }}
    where
        {{ in_newest_days(
            'event_date', ref('fct_model_costs_daily'), 'cost_date', hours=2 * windows[-1]
        ) }}

),

tenants as (

    select * from {{ ref('dim_tenants') }}

),

rules as (

    select {{ review_rule('recent_tenant_count') }} as tenant_count
    from {{ ref('review_rules') }}

),

newest as (

    select max(hour_at) as newest_hour_at
    from costs

),

windows as (

    {% for hours in windows %}
        {{ 'union all' if not loop.first }}
        select
            {{ hours }} as window_hours,
            newest_hour_at,
            newest_hour_at - interval {{ hours }} hour as window_before_ends_at,
            newest_hour_at - interval {{ 2 * hours }} hour as window_before_starts_at
        from newest
    {% endfor %}

),

summed as (

    select
        windows.window_hours,
        windows.newest_hour_at,
        costs.tenant_id,
        costs.hour_at > windows.window_before_ends_at as is_in_window,
        sum(costs.call_count) as call_count,
        sum(costs.unpriced_call_count) as unpriced_call_count,
        sum({{ input_tokens() }}) as input_tokens,
        sum(costs.output_tokens) as output_tokens,
        sum(costs.billed_cost_usd) as billed_cost_usd
    from costs
    inner join windows
        on costs.hour_at > windows.window_before_starts_at
    group by
        windows.window_hours,
        windows.newest_hour_at,
        costs.tenant_id,
        costs.hour_at > windows.window_before_ends_at

),

ranked as (

    select
        *,
        row_number() over (
            partition by window_hours
            order by billed_cost_usd desc nulls last, call_count desc, tenant_id asc
        ) as spend_rank,
        sum(billed_cost_usd) over (partition by window_hours) as all_cost_usd
    from summed
    where is_in_window

),

before as (

    select * from summed
    where not is_in_window

),

final as (

    select
        cast(ranked.window_hours as integer) as window_hours,
        cast(ranked.spend_rank as bigint) as spend_rank,
        ranked.tenant_id,
        tenants.tenant_name,
        cast(ranked.call_count as bigint) as call_count,
        cast(ranked.input_tokens as bigint) as input_tokens,
        cast(ranked.output_tokens as bigint) as output_tokens,
        cast(ranked.unpriced_call_count as bigint) as unpriced_call_count,
        cast(ranked.billed_cost_usd as decimal(38, 12)) as billed_cost_usd,
        {{ share_of('ranked.billed_cost_usd', 'ranked.all_cost_usd') }} as cost_share,
        cast(
            case when before.tenant_id is null then 0 else before.billed_cost_usd end
            as decimal(38, 12)
        ) as previous_cost_usd,
        {{ share_of('ranked.billed_cost_usd - before.billed_cost_usd', 'before.billed_cost_usd') }}
            as change_share,
        ranked.newest_hour_at
    from ranked
    cross join rules
    left join before
        on
            ranked.window_hours = before.window_hours
            and ranked.tenant_id = before.tenant_id
    left join tenants
        on ranked.tenant_id = tenants.tenant_id
    where ranked.spend_rank <= rules.tenant_count

)

select * from final
