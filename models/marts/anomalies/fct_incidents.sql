/*
    Grain: incident_id. One row from the first alert of a workload until it was quiet for twelve
    hours, reopenings within a day included.

    The likely cause is the driver that moved the cost most (fct_incident_drivers); the linked
    change a candidate (fct_incident_changes), NULL where none fits.
*/
with

incidents as (

    select * from {{ ref('int_incidents') }}

),

onsets as (

    select * from {{ ref('int_incident_onsets') }}

),

incident_hours as (

    select * from {{ ref('int_incident_hours') }}

),

likely_drivers as (

    select * from {{ ref('int_incident_likely_drivers') }}

),

changes as (

    select * from {{ ref('int_incident_changes_scored') }}
    where score_rank = 1

),

measures as (

    select * from {{ ref('int_incident_measures') }}

),

workloads as (

    select
        workload,
        feature,
        workload_class,
        environment
    from {{ ref('int_workload_usage_summed_hourly') }}
    group by
        workload,
        feature,
        workload_class,
        environment

),

owners as (

    select * from {{ ref('workload_owners') }}

),

features as (

    select * from {{ ref('features') }}

),

spent as (

    select
        incident_id,
        sum(cost_usd) as cost_usd,
        sum(case when baseline_hour_count > 0 then expected_usd end) as expected_usd,
        min(baseline_hour_count) as least_baseline_hour_count
    from incident_hours
    group by incident_id

),

peaks as (

    select
        incident_id,
        hour_number,
        row_number() over (
            partition by incident_id
            order by cost_usd - coalesce(expected_usd, 0) desc, hour_number asc
        ) as peak_rank
    from incident_hours

),

named_owners as (

    select
        incidents.incident_id,
        owners.owner,
        owners.kill_switch,
        row_number() over (
            partition by incidents.incident_id
            order by
                case when owners.feature = '*' then 1 else 0 end asc,
                case when owners.workload_class = '*' then 1 else 0 end asc,
                case when owners.environment = '*' then 1 else 0 end asc,
                owners.valid_from desc,
                owners.owner asc
        ) as owner_rank
    from incidents
    inner join workloads
        on incidents.workload = workloads.workload
    inner join owners
        on
            owners.feature in ('*', workloads.feature)
            and owners.workload_class in ('*', workloads.workload_class)
            and owners.environment in ('*', workloads.environment)
            and {{ hour_of_epoch('incidents.opened_hour_number') }}
            >= coalesce(cast(owners.valid_from as timestamptz), {{ beginning_of_time() }})
            and {{ hour_of_epoch('incidents.opened_hour_number') }}
            < coalesce(cast(owners.valid_to as timestamptz), {{ end_of_time() }})

),

feature_owners as (

    select
        incidents.incident_id,
        max(features.owner_team) as owner
    from incidents
    inner join workloads
        on incidents.workload = workloads.workload
    inner join features
        on
            workloads.feature = features.feature
            and {{ hour_of_epoch('incidents.opened_hour_number') }}
            >= coalesce(cast(features.valid_from as timestamptz), {{ beginning_of_time() }})
            and {{ hour_of_epoch('incidents.opened_hour_number') }}
            < coalesce(cast(features.valid_to as timestamptz), {{ end_of_time() }})
    group by incidents.incident_id

),

final as (

    select

        ---------- ids
        incidents.incident_id,
        changes.change_id as linked_change_id,

        ---------- strings
        incidents.workload,
        workloads.feature,
        workloads.workload_class,
        workloads.environment,
        incidents.tenants,
        coalesce(measures.team, '(unattributed)') as team,
        coalesce(named_owners.owner, feature_owners.owner, incidents.rule_owner) as owner,
        incidents.tier,
        incidents.severity,
        case
            when
                incidents.said_state in ('expected', 'resolved')
                and incidents.said_at
                >= {{ hour_of_epoch('incidents.last_hour_number') }}
                then incidents.said_state
            when incidents.said_state = 'expected' then 'expected'
            when incidents.is_over then 'closed'
            when incidents.said_state = 'acknowledged' then 'acknowledged'
            else 'open'
        end as state,
        incidents.said_reason as state_reason,
        incidents.rules,
        incidents.opening_rule_id,
        incidents.opening_metric,
        likely_drivers.likely_cause,
        incidents.runbook,
        coalesce(named_owners.kill_switch, incidents.kill_switch) as kill_switch,

        ---------- numerics
        cast(incidents.reopen_count as integer) as reopen_count,
        cast(spent.cost_usd as decimal(38, 12)) as cost_usd,
        cast(
            case when spent.least_baseline_hour_count > 0 then spent.expected_usd end
            as decimal(38, 12)
        ) as expected_usd,
        cast(
            case
                when spent.least_baseline_hour_count > 0
                    then spent.cost_usd - spent.expected_usd
            end as decimal(38, 12)
        ) as excess_usd,
        cast(spent.least_baseline_hour_count as integer) as baseline_week_count,
        likely_drivers.cause_cost_delta_usd,
        cast(changes.score as double) as linked_change_score,

        ---------- dates and timestamps
        {{ hour_of_epoch('onsets.onset_hour_number') }} as onset_at,
        {{ hour_of_epoch('incidents.opened_hour_number') }} as opened_at,
        {{ hour_of_epoch(
            'incidents.opened_hour_number + 1 + ' ~ var('detection_watermark_hours')
        ) }} as detected_at,
        {{ hour_of_epoch('peaks.hour_number') }} as peak_hour_at,
        {{ hour_of_epoch('incidents.last_hour_number') }} as last_fired_at,
        case
            when incidents.is_over then {{ hour_of_epoch('incidents.last_hour_number + 13') }}
        end as closed_at,
        incidents.said_at as state_set_at

    from incidents
    inner join onsets
        on incidents.incident_id = onsets.incident_id
    inner join spent
        on incidents.incident_id = spent.incident_id
    inner join peaks
        on
            incidents.incident_id = peaks.incident_id
            and peaks.peak_rank = 1
    left join likely_drivers
        on incidents.incident_id = likely_drivers.incident_id
    left join changes
        on incidents.incident_id = changes.incident_id
    left join measures
        on incidents.incident_id = measures.incident_id
    left join workloads
        on incidents.workload = workloads.workload
    left join named_owners
        on
            incidents.incident_id = named_owners.incident_id
            and named_owners.owner_rank = 1
    left join feature_owners
        on incidents.incident_id = feature_owners.incident_id

)

select * from final
