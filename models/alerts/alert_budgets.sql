/*
    Grain: state_change_id; what is told of budgets, contracted rates and workflow runs of the last
    five weeks, in the columns of alert_incidents: delivery (publish/alerts) reads both.

    The text says what is spent of what, the pace, the forecast and its range, the day the money is
    gone, what was dearest that day, the way to stop it, whose it is. Money of a budget is that of
    its day, the sentence on runs and hours counts all that are known by now.
*/
with

state_changes as (

    select
        *,
        case
            when scope_type = 'org' then 'organisation'
            else concat(scope_type, ' ', scope_id)
        end as scope_text
    from {{ ref('int_limit_state_changes') }}

),

status_daily as (

    select * from {{ ref('fct_budget_status_daily') }}

),

status_hourly as (

    select * from {{ ref('fct_budget_status_hourly') }}
    where excess_usd > 0

),

runs as (

    select * from {{ ref('int_workflow_runs_judged') }}
    where is_above_limit

),

costs as (

    select * from {{ ref('fct_retrieval_costs_daily') }}

),

limit_hours as (

    select
        state_changes.state_change_id,
        count(*) as above_count,
        sum(status_hourly.excess_usd) as above_usd,
        max(status_hourly.spent_usd) as worst_usd,
        sum(
            case
                when status_hourly.hour_at <= state_changes.occurred_at
                    then status_hourly.excess_usd
            end
        ) as excess_usd
    from state_changes
    inner join status_hourly
        on
            state_changes.budget_id = status_hourly.budget_id
            and state_changes.cost_date = status_hourly.cost_date
    where state_changes.period = 'hour'
    group by state_changes.state_change_id

),

limit_runs as (

    select
        state_changes.state_change_id,
        count(*) as above_count,
        sum(case when runs.is_too_dear then 1 else 0 end) as dear_count,
        sum(case when runs.is_too_dear then runs.billed_cost_usd - runs.max_cost_usd end)
            as above_usd,
        max(runs.billed_cost_usd) as worst_usd,
        max_by(
            runs.run_id, {{ in_order(['coalesce(runs.billed_cost_usd, 0)', 'runs.run_id']) }}
        ) as worst_run_id,
        max(runs.max_cost_usd) as max_cost_usd,
        max(runs.max_steps) as max_steps,
        max(runs.max_minutes) as max_minutes,
        sum(
            case
                when runs.is_too_dear and runs.ended_at <= state_changes.occurred_at
                    then runs.billed_cost_usd - runs.max_cost_usd
            end
        ) as excess_usd
    from state_changes
    inner join runs
        on
            state_changes.scope_id = runs.workflow_id
            and state_changes.cost_date = runs.started_date
    where state_changes.period = 'run'
    group by state_changes.state_change_id

),

scope_days as (

    select distinct
        scope_type,
        scope_id,
        cost_date
    from state_changes
    where scope_type in ('org', 'tenant', 'feature')

),

parts as (

    select
        scope_days.scope_type,
        scope_days.scope_id,
        scope_days.cost_date,
        case when scope_days.scope_type = 'feature' then 'tenant' else 'feature' end as part_type,
        case when scope_days.scope_type = 'feature' then costs.tenant_id else costs.feature end
            as part_id,
        sum(costs.billed_cost_usd) as cost_usd
    from scope_days
    inner join costs
        on
            scope_days.cost_date = costs.cost_date
            and (
                scope_days.scope_type = 'org'
                or (scope_days.scope_type = 'tenant' and scope_days.scope_id = costs.tenant_id)
                or (scope_days.scope_type = 'feature' and scope_days.scope_id = costs.feature)
            )
    group by
        scope_days.scope_type,
        scope_days.scope_id,
        scope_days.cost_date,
        case when scope_days.scope_type = 'feature' then 'tenant' else 'feature' end,
        case when scope_days.scope_type = 'feature' then costs.tenant_id else costs.feature end

),

ranked_parts as (

    select
        *,
        sum(cost_usd) over (partition by scope_type, scope_id, cost_date) as day_cost_usd,
        row_number() over (
            partition by scope_type, scope_id, cost_date order by cost_usd desc, part_id asc
        ) as rank
    from parts
    where cost_usd > 0

),

joined as (

    select
        state_changes.*,
        status_daily.status,
        status_daily.spent_usd,
        status_daily.used_share,
        status_daily.pace_ratio,
        status_daily.forecast_usd,
        status_daily.forecast_low_usd,
        status_daily.forecast_high_usd,
        status_daily.exhaustion_date,
        status_daily.unpriced_call_count,
        coalesce(limit_hours.above_count, limit_runs.above_count) as above_count,
        coalesce(limit_hours.above_usd, limit_runs.above_usd) as above_usd,
        coalesce(limit_hours.worst_usd, limit_runs.worst_usd) as worst_usd,
        limit_runs.dear_count,
        limit_runs.worst_run_id,
        limit_runs.max_cost_usd,
        limit_runs.max_steps,
        limit_runs.max_minutes,
        ranked_parts.part_type,
        ranked_parts.part_id,
        ranked_parts.cost_usd as part_cost_usd,
        ranked_parts.day_cost_usd,
        cast(
            case
                when state_changes.period = 'hour' then limit_hours.excess_usd
                when state_changes.period = 'run' then limit_runs.excess_usd
                when status_daily.spent_usd > state_changes.budget_usd
                    then status_daily.spent_usd - state_changes.budget_usd
            end as decimal(38, 12)
        ) as excess_usd
    from state_changes
    left join status_daily
        on
            state_changes.budget_id = status_daily.budget_id
            and state_changes.cost_date = status_daily.cost_date
            and state_changes.period = status_daily.period
    left join limit_hours
        on state_changes.state_change_id = limit_hours.state_change_id
    left join limit_runs
        on state_changes.state_change_id = limit_runs.state_change_id
    left join ranked_parts
        on
            state_changes.scope_type = ranked_parts.scope_type
            and state_changes.scope_id = ranked_parts.scope_id
            and state_changes.cost_date = ranked_parts.cost_date
            and ranked_parts.rank = 1

),

worded as (

    select
        *,
        concat_ws(
            ' ',
            case
                when event <> 'resolve' or said_by is not null or reason is not null then null
                when period = 'month' and status = 'ok' and cost_date < last_day(cost_date)
                    then concat(
                        'Within the budget for ', '{{ var('budget_ok_days') }}', ' days.'
                    )
                else 'This period is over.'
            end,
            case
                when period in ('day', 'month')
                    then concat(
                        {{ dollars_text('coalesce(spent_usd, 0)') }}, ' of the ', period, '''s ',
                        {{ dollars_text('budget_usd') }}, ' (', budget_id, ') spent by ',
                        cast(cost_date as varchar),
                        case
                            when used_share is null then ''
                            else concat(', ', {{ percent_text('used_share') }})
                        end,
                        case
                            when pace_ratio is null then ''
                            else
                                concat(', ', {{ number_text('pace_ratio', 1) }}, ' times its pace')
                        end, '.'
                    )
                when period = 'hour'
                    then concat(
                        {{ counted('above_count', "'hour'") }}, ' of ', cast(cost_date as varchar),
                        ' above ', {{ dollars_text('budget_usd') }}, ' an hour (', budget_id,
                        '), by ', {{ dollars_text('above_usd') }}, ' in all; the dearest cost ',
                        {{ dollars_text('worst_usd') }}, '.'
                    )
                else
                    concat(
                        {{ counted('above_count', "'run'") }}, ' begun on ',
                        cast(cost_date as varchar), ' above their limits (',
                        concat_ws(
                            ', ',
                            case
                                when max_cost_usd is not null
                                    then {{ dollars_text('max_cost_usd') }}
                            end,
                            case
                                when max_steps is not null then {{ counted('max_steps', "'step'") }}
                            end,
                            case
                                when max_minutes is not null
                                    then {{ counted('max_minutes', "'minute'") }}
                            end
                        ),
                        ')',
                        case
                            when dear_count > 0
                                then concat(
                                    ', ', cast(dear_count as varchar), ' in cost, by ',
                                    {{ dollars_text('above_usd') }}, ' in all'
                                )
                            else ''
                        end,
                        case
                            when worst_usd is null then ''
                            else
                                concat(
                                    '; the dearest, ', worst_run_id, ', cost ',
                                    {{ dollars_text('worst_usd') }}
                                )
                        end, '.'
                    )
            end,
            case
                when
                    period = 'month'
                    and forecast_usd is not null
                    and cost_date < last_day(cost_date)
                    then concat(
                        'Forecast ', {{ dollars_text('forecast_usd') }},
                        case
                            when forecast_low_usd is null then ''
                            else
                                concat(
                                    ', in four of five months between ',
                                    {{ dollars_text('forecast_low_usd') }}, ' and ',
                                    {{ dollars_text('forecast_high_usd') }}
                                )
                        end, '.'
                    )
            end,
            case
                when exhaustion_date is null or event = 'resolve' then null
                when spent_usd >= budget_usd
                    then concat('Gone since ', cast(exhaustion_date as varchar), '.')
                else concat('Gone by ', cast(exhaustion_date as varchar), ' at this pace.')
            end,
            case
                when unpriced_call_count > 0
                    then concat(
                        {{ counted('unpriced_call_count', "'call'") }},
                        ' without a known price not counted.'
                    )
            end,
            case
                when event = 'resolve' then null
                when part_id is null then 'Check first: the runbook.'
                else
                    concat(
                        'Check first: ', part_type, ' ', part_id, ', ',
                        {{ dollars_text('part_cost_usd') }}, ' of the ',
                        {{ dollars_text('day_cost_usd') }}, ' of ', cast(cost_date as varchar), '.'
                    )
            end,
            concat('Runbook: ', runbook, '.'),
            case
                when kill_switch <> '' and event <> 'resolve'
                    then concat('To stop it: ', kill_switch, '.')
            end,
            concat('Owner: ', owner, '.')
        ) as sentences
    from joined

),

final as (

    select

        ---------- ids
        state_change_id,
        concat('tokenhouse-', incident_id) as dedup_key,
        incident_id,

        ---------- strings
        event,
        tier,
        severity,
        concat(scope_type, '|', scope_id) as workload,
        case when scope_type = 'feature' then scope_id else feature end as feature,
        cast(null as varchar) as environment,
        coalesce(case when scope_type = 'team' then scope_id end, team, '(unattributed)') as team,
        owner,
        concat(
            scope_text, ': ',
            case
                when period = 'run' and excess_usd > 0
                    then concat(
                        'runs ', {{ dollars_text('excess_usd') }}, ' above their cost limit'
                    )
                when period = 'run' then 'runs above their limits'
                when period = 'hour'
                    then concat(
                        'hours ', {{ dollars_text('excess_usd') }}, ' above ',
                        {{ dollars_text('budget_usd') }}, ' an hour'
                    )
                when event = 'resolve' or level >= 3 or period = 'day'
                    then concat(
                        {{ dollars_text('coalesce(spent_usd, 0)') }}, ' of the ', period, '''s ',
                        {{ dollars_text('budget_usd') }}, ' spent'
                    )
                when level = 2
                    then concat(
                        'even the low forecast of ', {{ dollars_text('forecast_low_usd') }},
                        ' is above the month''s ', {{ dollars_text('budget_usd') }}
                    )
                else
                    concat(
                        'forecast ', {{ dollars_text('forecast_usd') }}, ' of the month''s ',
                        {{ dollars_text('budget_usd') }}
                    )
            end
        ) as title,
        concat_ws(
            ' ',
            case
                when said_by is not null or reason is not null
                    then concat(
                        'Said by ', coalesce(said_by, 'somebody'), ': ',
                        coalesce(reason, 'no reason given'), '.'
                    )
            end,
            sentences
        ) as body,
        runbook,
        kill_switch,
        rules,
        '' as likely_cause,
        '' as linked_change,

        ---------- numerics
        excess_usd,

        ---------- dates and timestamps
        occurred_at,
        known_at

    from worded

)

select * from final
