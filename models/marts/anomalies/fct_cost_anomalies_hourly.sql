{{ config(
    materialized='incremental',
    incremental_strategy='since_restated',
    unique_key='event_date',
    on_schema_change='fail',
) }}

/*
    Grain: rule_id, entity, hour_at; hours in which a rule fired.

    A tenant's or the organisation's anomaly belongs to the workload that cost most in its window.
*/
with

scores as (

    select * from {{ ref('int_metric_scores_hourly') }}
    where
        {{ since_restated('event_date') }}
        and is_fired

),

usage_hourly as (

    select * from {{ ref('int_workload_usage_summed_hourly') }}
    where {{ since_restated('event_date', 1) }}

),

homeless as (

    select
        scores.rule_id,
        scores.entity,
        scores.hour_number,
        usage_hourly.workload,
        sum(usage_hourly.cost_usd) as cost_usd
    from scores
    inner join usage_hourly
        on
            scores.hour_number >= usage_hourly.hour_number
            and scores.hour_number < usage_hourly.hour_number + scores.window_hours
            and (scores.tenant_id is null or scores.tenant_id = usage_hourly.tenant_id)
    where scores.workload is null
    group by
        scores.rule_id,
        scores.entity,
        scores.hour_number,
        usage_hourly.workload

),

ranked as (

    select
        *,
        row_number() over (
            partition by rule_id, entity, hour_number
            order by cost_usd desc, workload asc
        ) as cost_rank
    from homeless

),

final as (

    select
        scores.event_date,
        scores.rule_id,
        scores.entity_type,
        scores.entity,
        {{ hour_of_epoch('scores.hour_number') }} as hour_at,
        coalesce(scores.workload, ranked.workload, '(none)') as workload,
        scores.tenant_id,
        scores.pack,
        case
            when scores.history_state = 'provisional' and scores.tier = 'page' then 'watch'
            else scores.tier
        end as tier,
        scores.severity,
        scores.metric,
        scores.window_hours,
        scores.baseline as baseline_method,
        cast(scores.baseline_n as integer) as baseline_n,
        scores.history_state,
        cast(scores.observed as double) as observed,
        scores.usual as expected,
        scores.z_score,
        scores.limit_value,
        scores.cost_usd,
        scores.excess_usd,
        {{ hour_of_epoch('scores.hour_number + 1 + ' ~ var('detection_watermark_hours')) }}
            as scored_at
    from scores
    left join ranked
        on
            scores.rule_id = ranked.rule_id
            and scores.entity = ranked.entity
            and scores.hour_number = ranked.hour_number
            and ranked.cost_rank = 1

)

select * from final
