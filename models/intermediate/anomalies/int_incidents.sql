{{ config(materialized='table') }}

/*
    Grain: incident_id. What an incident is, before anybody asks why: life, dollars, rules.
    Few rows, so all of them are made anew each time.
*/
with

grouped as (

    select * from {{ ref('int_incident_hours_grouped') }}

),

anomalies as (

    select
        *,
        {{ epoch_hour('hour_at') }} as hour_number
    from {{ ref('fct_cost_anomalies_hourly') }}
    where tier in ('page', 'watch')

),

clock as (

    select * from {{ ref('int_metric_clock') }}

),

states as (

    select * from {{ ref('int_incident_states') }}

),

rules as (

    select * from {{ ref('alert_rules') }}

),

fired as (

    select
        grouped.incident_id,
        grouped.opened_hour_number,
        grouped.hour_number as grouped_hour_number,
        anomalies.*
    from grouped
    inner join anomalies
        on
            grouped.workload = anomalies.workload
            and grouped.hour_number = anomalies.hour_number

),

-- The rule an incident is opened for: pages first, then the shortest window.
first_rules as (

    select
        fired.incident_id,
        fired.rule_id,
        fired.metric,
        fired.window_hours,
        fired.tenant_id,
        rules.owner,
        rules.runbook,
        rules.kill_switch,
        row_number() over (
            partition by fired.incident_id
            order by
                case when fired.tier = 'page' then 0 else 1 end,
                fired.window_hours,
                fired.rule_id,
                fired.entity
        ) as rule_rank
    from fired
    inner join rules
        on fired.rule_id = rules.rule_id
    where fired.hour_number = fired.opened_hour_number

),

spell_closes as (

    select
        incident_id,
        count(distinct spell) as spell_count
    from grouped
    group by incident_id

),

lives as (

    select
        incident_id,
        workload,
        opened_hour_number,
        max(hour_number) as last_hour_number,
        case
            when max(case when tier = 'page' then 1 else 0 end) = 1 then 'page'
            else 'watch'
        end as tier,
        case
            when max(case when severity = 'critical' then 1 else 0 end) = 1 then 'critical'
            else 'warning'
        end as severity,
        {{ listed_texts('rule_id') }} as rules,
        {{ listed_texts('tenant_id') }} as tenants
    from fired
    group by
        incident_id,
        workload,
        opened_hour_number

),

latest_states as (

    select
        incident_id,
        state,
        set_at,
        reason,
        row_number() over (partition by incident_id order by set_at desc) as state_rank
    from states

),

final as (

    select
        lives.incident_id,
        lives.workload,
        lives.tier,
        lives.severity,
        lives.opened_hour_number,
        lives.last_hour_number,
        lives.last_hour_number + 12 < clock.scored_until_hour_number as is_over,
        spell_closes.spell_count - 1 as reopen_count,
        lives.rules,
        lives.tenants,
        first_rules.rule_id as opening_rule_id,
        first_rules.metric as opening_metric,
        first_rules.window_hours as opening_window_hours,
        first_rules.owner as rule_owner,
        first_rules.runbook,
        first_rules.kill_switch,
        latest_states.state as said_state,
        latest_states.set_at as said_at,
        latest_states.reason as said_reason
    from lives
    cross join clock
    inner join first_rules
        on
            lives.incident_id = first_rules.incident_id
            and first_rules.rule_rank = 1
    inner join spell_closes
        on lives.incident_id = spell_closes.incident_id
    left join latest_states
        on
            lives.incident_id = latest_states.incident_id
            and latest_states.state_rank = 1

)

select * from final
