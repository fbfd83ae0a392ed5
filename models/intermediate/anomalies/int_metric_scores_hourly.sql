/*
    Grain: rule_id, entity, hour_number: every hour a rule looked at, with its limit. What fires is
    fct_cost_anomalies_hourly; calibration replays the rest.

    All limits of a rule must be exceeded, and the dollars beside them: an absolute one, a relative
    one over what is usual, one in spreads of the logarithm, one in records. From seven days of
    history on a baseline is provisional: limits are half as wide again, floors five times as high,
    and nobody is paged. A rule that needs no history has no such state.
*/
{% set cost_of_ratio = "('unit_cost_index', 'unit_cost_index_3w', 'uncached_index', 'retry_share',"
    ~ " 'fallback_share', 'failed_share', 'failed_share_of_rising_tokens', 'embed_ratio')" %}

with

windows as (

    select * from {{ ref('int_metric_windows_hourly') }}

),

baselines as (

    select * from {{ ref('int_metric_baselines_daily') }}

),

trends as (

    select * from {{ ref('int_metric_trends_hourly') }}

),

levels as (

    select * from {{ ref('int_spend_levels_daily') }}

),

rules as (

    select * from {{ ref('int_alert_rules_enabled') }}

),

margins as (

    select * from {{ ref('alert_margins') }}

),

joined as (

    select
        rules.*,
        windows.event_date,
        windows.entity,
        windows.hour_number,
        windows.workload,
        windows.tenant_id,
        windows.call_count,
        windows.cost_usd,
        windows.expected_cost_usd,
        windows.observed,
        workload_levels.noise_class,
        coalesce(margins.margin, 1) as margin,
        coalesce(org_levels.daily_cost_usd, 0) as org_daily_cost_usd,
        coalesce(workload_levels.daily_cost_usd, 0) as workload_daily_cost_usd,
        baselines.max_observed,
        baselines.min_observed,
        cast(baselines.log_mean as double) as log_mean,
        greatest(cast(baselines.log_spread as double), 0.02) as log_spread,
        trends.spread_observed,
        coalesce(baselines.day_count, trends.window_count, 0) as baseline_n,
        coalesce(baselines.history_days, cast(floor(trends.window_count / 24.0) as integer), 0)
            as history_days,
        case rules.baseline
            when 'trailing_mean' then trends.mean_observed
            when 'trailing_zscore' then trends.mean_observed
            when 'trailing_median' then trends.median_observed
            when 'class_minima' then cast(baselines.min_observed as double)
            else exp(cast(baselines.log_mean as double))
        end as usual
    from windows
    inner join rules
        on
            windows.entity_type = rules.entity_type
            and windows.metric = rules.metric
            and windows.window_hours = rules.window_hours
    left join levels as org_levels
        on
            windows.event_date = org_levels.event_date
            and org_levels.workload = '(all)'
    left join levels as workload_levels
        on
            windows.event_date = workload_levels.event_date
            and windows.workload = workload_levels.workload
    left join margins
        on
            rules.rule_id = margins.rule_id
            and workload_levels.noise_class = margins.noise_class
    left join baselines
        on
            windows.event_date = baselines.event_date
            and windows.entity_type = baselines.entity_type
            and windows.entity = baselines.entity
            and windows.metric = baselines.metric
            and windows.window_hours = baselines.window_hours
            and rules.baseline = baselines.baseline
            and baselines.day_part = case
                when {{ is_of_whole_days('rules.baseline') }} then -1
                else cast(floor((windows.hour_number % 24) / 6.0) as integer)
            end
    left join trends
        on
            rules.baseline in ('trailing_mean', 'trailing_median', 'trailing_zscore')
            and windows.event_date = trends.event_date
            and windows.entity_type = trends.entity_type
            and windows.entity = trends.entity
            and windows.metric = trends.metric
            and windows.window_hours = trends.window_hours
            and windows.hour_number = trends.hour_number
    where
        rules.workload_classes = '*'
        or case
            when rules.workload_classes like '-%'
                then not {{ is_listed('workload_levels.workload_class', 'rules.workload_classes') }}
            else {{ is_listed('workload_levels.workload_class', 'rules.workload_classes') }}
        end

),

aged as (

    select
        *,
        -- three days of grace: a quiet day leaves no extreme
        case
            when min_history_days = 0 or history_days + 3 >= min_history_days then 'full'
            when history_days >= 7 then 'provisional'
            else 'insufficient'
        end as history_state
    from joined

),

limited as (

    select
        *,
        cast(margin as double) * case when history_state = 'provisional' then 1.5 else 1 end
            as width
    from aged

),

scored as (

    select
        *,
        greatest(
            cast(absolute_limit as double),
            usual * (1 + width * cast(relative_limit as double)),
            case
                when baseline = 'trailing_zscore'
                    then usual + width * cast(deviation_limit as double) * spread_observed
                else exp(log_mean + width * cast(deviation_limit as double) * log_spread)
            end,
            cast(record_limit as double) * cast(max_observed as double)
        ) as limit_value,
        case
            when baseline = 'trailing_zscore'
                then (cast(observed as double) - usual) / nullif(spread_observed, 0)
            when
                (baseline = 'class_maxima' or {{ is_of_whole_days('baseline') }})
                and observed > 0
                then (ln(cast(observed as double)) - log_mean) / log_spread
        end as z_score,
        cast(
            case
                when metric in {{ cost_of_ratio }}
                    then cast(cost_usd as double) - cast(expected_cost_usd as double)
                when {{ is_dollar_metric('metric') }}
                    then cast(observed as double) - usual
                else cast(cost_usd as double) * (1 - usual / nullif(cast(observed as double), 0))
            end as decimal(38, 12)
        ) as excess_usd,
        greatest(
            cast(floor_usd as double) * case when history_state = 'provisional' then 5 else 1 end,
            cast(floor_share_of_daily_spend as double) * cast(org_daily_cost_usd as double),
            cast(floor_share_of_workload as double)
            * cast(workload_daily_cost_usd as double) * window_hours / 24.0
        ) as floor_value
    from limited

),

final as (

    select
        event_date,
        rule_id,
        pack,
        tier,
        entity_type,
        entity,
        metric,
        window_hours,
        hour_number,
        workload,
        tenant_id,
        call_count,
        cost_usd,
        observed,
        usual,
        z_score,
        limit_value,
        floor_value,
        excess_usd,
        max_observed,
        noise_class,
        org_daily_cost_usd,
        workload_daily_cost_usd,
        baseline,
        baseline_n,
        history_state,
        case
            when history_state = 'insufficient' then false
            when direction = 'below' and baseline = 'class_minima'
                then observed <= absolute_limit and usual >= min_call_count
            when call_count < min_call_count then false
            when direction = 'below' then observed < absolute_limit
            else
                cast(observed as double) > limit_value
                and (
                    floor_value = 0
                    or coalesce(cast(excess_usd as double) >= floor_value, false)
                )
        end as is_fired,
        case
            when tier = 'digest' then 'info'
            when direction = 'below' and observed < critical_absolute_limit then 'critical'
            when direction = 'above' and (
                observed > critical_absolute_limit
                or cast(observed as double) > usual * (1 + cast(critical_relative_limit as double))
                or (
                    baseline = 'trailing_zscore'
                    and cast(observed as double)
                    > usual + cast(critical_deviation_limit as double) * spread_observed
                )
                or excess_usd > critical_share_of_daily_spend * org_daily_cost_usd
            ) then 'critical'
            else 'warning'
        end as severity
    from scored

)

select * from final
