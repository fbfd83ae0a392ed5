/*
    Grain: scope_type, scope_id, period (day or hour).

    Tenants, workflows and features that had days or hours of the reviewed week above so many
    times their median day or hour of the week before, and above a floor of dollars. The median is
    over those in which they had calls with a price: what runs once a week is no spike. Without any
    there is no median (usual_cost_usd NULL), and the floor alone decides: it is new.
*/
with

hourly as (

    select * from {{ ref('int_review_costs_hourly') }}
    where
        scope_type in ('tenant', 'workflow', 'feature')
        and not (scope_type = 'workflow' and scope_id = '(unattributed)')

),

weeks as (

    select * from {{ ref('int_review_weeks') }}

),

before as (

    select count(*) as week_count
    from weeks
    where weeks_ago = 1

),

rules as (

    select
        {{ review_rule('spike_ratio') }} as spike_ratio,
        {{ review_rule('spike_day_floor_usd') }} as day_floor_usd,
        {{ review_rule('spike_hour_floor_usd') }} as hour_floor_usd
    from {{ ref('review_rules') }}

),

-- An hour that two reporting days share (zones off by half an hour) is one hour.
spent as (

    select
        'hour' as period,
        scope_type,
        scope_id,
        min(weeks_ago) as weeks_ago,
        min(week_start_date) as week_start_date,
        min(reporting_date) as cost_date,
        hour_at,
        sum(billed_cost_usd) as cost_usd
    from hourly
    group by
        scope_type,
        scope_id,
        hour_at

    union all

    select
        'day' as period,
        scope_type,
        scope_id,
        min(weeks_ago) as weeks_ago,
        min(week_start_date) as week_start_date,
        reporting_date as cost_date,
        cast(null as timestamptz) as hour_at,
        sum(billed_cost_usd) as cost_usd
    from hourly
    group by
        scope_type,
        scope_id,
        reporting_date

),

usual as (

    select
        period,
        scope_type,
        scope_id,
        cast({{ quantile_of('cost_usd', 0.5) }} as decimal(26, 12)) as usual_cost_usd
    from spent
    where
        weeks_ago = 1
        and cost_usd is not null
    group by
        period,
        scope_type,
        scope_id

),

judged as (

    select
        spent.*,
        usual.usual_cost_usd,
        rules.spike_ratio,
        row_number() over (
            partition by spent.period, spent.scope_type, spent.scope_id
            order by spent.cost_usd desc, spent.cost_date asc, spent.hour_at asc
        ) as cost_rank
    from spent
    -- Without a complete week before nobody knows what is usual.
    inner join before
        on before.week_count = 1
    cross join rules
    left join usual
        on
            spent.period = usual.period
            and spent.scope_type = usual.scope_type
            and spent.scope_id = usual.scope_id
    where
        spent.weeks_ago = 0
        and spent.cost_usd
        >= case spent.period when 'day' then rules.day_floor_usd else rules.hour_floor_usd end
        and (
            usual.usual_cost_usd is null
            or spent.cost_usd > usual.usual_cost_usd * rules.spike_ratio
        )

),

final as (

    select
        min(week_start_date) as week_start_date,
        scope_type,
        scope_id,
        period,
        count(*) as spike_count,
        max(case when cost_rank = 1 then cost_date end) as worst_date,
        max(case when cost_rank = 1 then hour_at end) as worst_hour_at,
        cast(max(cost_usd) as decimal(38, 12)) as worst_cost_usd,
        cast(max(usual_cost_usd) as decimal(38, 12)) as usual_cost_usd,
        {{ share_of('max(cost_usd)', 'max(usual_cost_usd)') }} as usual_ratio,
        cast(max(spike_ratio) as double) as spike_ratio,
        cast(sum(cost_usd - coalesce(usual_cost_usd, 0)) as decimal(38, 12)) as excess_cost_usd
    from judged
    group by
        scope_type,
        scope_id,
        period

)

select * from final
