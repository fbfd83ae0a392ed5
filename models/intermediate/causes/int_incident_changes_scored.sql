/*
    Grain: incident_id, change_id; changes that may have caused an incident.

    Candidates were made between a day before the onset and an hour after it, in the incident's own
    scope: whatever the change says of where it was made holds for the incident, or for some of its
    cost. The score is nearness in time x the prior of its kind for the drivers that moved x the
    part of the cost it can reach. A version that the calls themselves began to carry is near to
    proof. A candidate is no proof: below `min_score` nothing is linked.
*/
with

incidents as (

    select * from {{ ref('int_incidents') }}

),

onsets as (

    select * from {{ ref('int_incident_onsets') }}

),

changes as (

    select * from {{ ref('stg_product__changes') }}

),

usage as (

    select * from {{ ref('int_incident_usage_summed') }}

),

drivers as (

    select * from {{ ref('int_incident_drivers') }}

),

causes as (

    select * from {{ ref('int_incident_likely_drivers') }}

),

priors as (

    select * from {{ ref('change_priors') }}

),

located as (

    select
        incidents.incident_id,
        lower(split_part(incidents.workload, '|', 1)) as feature,
        lower(split_part(incidents.workload, '|', 2)) as workload_class,
        {{ same_environment("split_part(incidents.workload, '|', 3)") }} as environment,
        {{ hour_of_epoch('onsets.onset_hour_number') }} as onset_at,
        {{ hour_of_epoch('onsets.onset_hour_number - 24') }} as first_at,
        {{ hour_of_epoch('onsets.onset_hour_number + 1') }} as hour_ends_at,
        {{ hour_of_epoch('onsets.onset_hour_number + 2') }} as last_at
    from incidents
    inner join onsets
        on incidents.incident_id = onsets.incident_id

),

candidates as (

    select
        located.incident_id,
        changes.change_id,
        changes.change_type,
        changes.changed_at,
        changes.version,
        changes.previous_version,
        changes.team,
        changes.workflow_id,
        changes.tenant_id,
        changes.provider,
        changes.model,
        changes.feature is not null as names_feature,
        case
            when changes.changed_at < located.onset_at
                then {{ seconds_between('changes.changed_at', 'located.onset_at') }} / 3600.0
            when changes.changed_at >= located.hour_ends_at
                then {{ seconds_between('located.hour_ends_at', 'changes.changed_at') }} / 3600.0
            else 0
        end as distance_hours
    from located
    inner join changes
        on
            located.first_at <= changes.changed_at
            and located.last_at > changes.changed_at
            and (changes.feature is null or lower(changes.feature) = located.feature)
            and (
                changes.workload_class is null
                or lower(changes.workload_class) = located.workload_class
            )
            and (
                changes.environment is null
                or {{ same_environment('changes.environment') }} = located.environment
            )

),

-- How much of the cost the change can reach, and how much of it began to carry its version.
reached as (

    select
        candidates.incident_id,
        candidates.change_id,
        {{ share_of(
            'sum(case when usage.side = \'after\' and ' ~ is_reached_by('candidates', 'usage')
            ~ ' then usage.cost_usd_twelfths else 0 end)',
            'sum(case when usage.side = \'after\' then usage.cost_usd_twelfths else 0 end)',
        ) }} as reached_share,
        {{ share_of(
            'sum(case when usage.side = \'after\' and ' ~ carries_version('candidates', 'usage')
            ~ ' then usage.call_count_twelfths else 0 end)',
            'sum(case when usage.side = \'after\' then usage.call_count_twelfths else 0 end)',
        ) }} as version_share_after,
        {{ share_of(
            'sum(case when usage.side = \'eve\' and ' ~ carries_version('candidates', 'usage')
            ~ ' then usage.call_count_twelfths else 0 end)',
            'sum(case when usage.side = \'eve\' then usage.call_count_twelfths else 0 end)',
        ) }} as version_share_before
    from candidates
    inner join usage
        on candidates.incident_id = usage.incident_id
    group by
        candidates.incident_id,
        candidates.change_id

),

-- The drivers that moved the cost the way it moved, each for its part.
weights as (

    select
        drivers.incident_id,
        drivers.driver,
        {{ share_of(
            'abs(drivers.cost_delta_usd)',
            'sum(abs(drivers.cost_delta_usd)) over (partition by drivers.incident_id)',
        ) }} as weight
    from drivers
    inner join causes
        on drivers.incident_id = causes.incident_id
    where
        drivers.cost_delta_usd * causes.direction > 0
        and (drivers.driver <> 'volume' or not causes.is_unit_cost)

),

believed as (

    select
        candidates.incident_id,
        candidates.change_id,
        sum(weights.weight * cast(priors.prior as double)) as prior,
        sum(weights.weight * cast(priors.tau_hours as double)) as tau_hours,
        sum(weights.weight * cast(priors.min_score as double)) as min_score
    from candidates
    inner join weights
        on candidates.incident_id = weights.incident_id
    inner join priors
        on
            weights.driver = priors.driver
            and candidates.change_type = priors.change_type
    group by
        candidates.incident_id,
        candidates.change_id

),

scored as (

    select
        candidates.*,
        believed.min_score,
        exp(-candidates.distance_hours / believed.tau_hours)
        * (
            1 - (1 - believed.prior) * (
                1 - greatest(
                    coalesce(reached.version_share_after, 0)
                    - coalesce(reached.version_share_before, 0),
                    0
                )
            )
        )
        * coalesce(reached.reached_share, 0)
        -- What says nothing of where it was made is less likely to be about this.
        * case when candidates.names_feature or reached.reached_share < 1 then 1 else 0.7 end
            as score
    from candidates
    inner join reached
        on
            candidates.incident_id = reached.incident_id
            and candidates.change_id = reached.change_id
    inner join believed
        on
            candidates.incident_id = believed.incident_id
            and candidates.change_id = believed.change_id

),

final as (

    select
        incident_id,
        change_id,
        change_type,
        changed_at,
        version,
        previous_version,
        distance_hours,
        cast(score as decimal(9, 6)) as score,
        cast(
            row_number() over (
                partition by incident_id
                order by cast(score as decimal(9, 6)) desc, changed_at desc, change_id asc
            ) as integer
        ) as score_rank
    from scored
    where score >= min_score

)

select * from final
