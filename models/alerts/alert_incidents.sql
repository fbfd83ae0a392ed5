/*
    Grain: state_change_id; what is told of every state change of every incident, all history kept.

    One text for all of an incident's changes: what moved, by how many dollars, since which change,
    before and after, what to look at first, the way to stop it, whose it is. Delivery
    (publish/alerts) decides who is told; it tells each change once.
*/
with

state_changes as (

    select * from {{ ref('fct_incident_state_changes') }}

),

incidents as (

    select * from {{ ref('fct_incidents') }}

),

drivers as (

    select * from {{ ref('fct_incident_drivers') }}

),

dimensions as (

    select * from {{ ref('fct_incident_dimensions') }}
    where rank = 1

),

changes as (

    select * from {{ ref('fct_incident_changes') }}

),

advice as (

    select * from {{ ref('driver_advice') }}

),

rules as (

    select * from {{ ref('alert_rules') }}

),

-- What changed by a tenth or more, in words; the likely cause comes first. A cause that was found
-- in one operation's or tenant's calls may be against the workload's figures: then the rule speaks.
told_drivers as (

    select
        incidents.incident_id,
        max(
            case
                when
                    drivers.driver = incidents.likely_cause
                    and coalesce(incidents.opening_metric, '') <> 'embed_ratio'
                    and coalesce(
                        (drivers.cost_delta_usd > 0) = (incidents.cause_cost_delta_usd > 0), true
                    )
                    then {{ driver_text('drivers') }}
            end
        ) as cause_text,
        max(
            case
                when
                    drivers.driver = 'cache_share'
                    and drivers.driver <> incidents.likely_cause
                    and abs(drivers.figure_after - drivers.figure_before) >= 0.05
                    then {{ driver_text('drivers') }}
            end
        ) as cache_text,
        max(
            case
                when
                    drivers.driver = 'input_tokens'
                    and drivers.driver <> incidents.likely_cause
                    and abs(drivers.figure_after - drivers.figure_before)
                    >= 0.1 * drivers.figure_before
                    then {{ driver_text('drivers') }}
            end
        ) as input_text
    from incidents
    inner join drivers
        on incidents.incident_id = drivers.incident_id
    group by incidents.incident_id

),

linked as (

    select
        incident_id,
        max(case when rank = 1 then {{ change_text('changes') }} end) as linked_change,
        max(rank) - 1 as other_count
    from changes
    group by incident_id

),

worded as (

    select
        incidents.*,
        told_drivers.cause_text,
        told_drivers.cache_text,
        told_drivers.input_text,
        linked.linked_change,
        linked.other_count,
        advice.cause_text as cause_name,
        advice.check_first,
        rules.description as rule_text,
        dimensions.dimension,
        dimensions.value as dimension_value,
        dimensions.explanatory_share,
        dimensions.rest_change_share
    from incidents
    left join told_drivers
        on incidents.incident_id = told_drivers.incident_id
    left join linked
        on incidents.incident_id = linked.incident_id
    left join advice
        on incidents.likely_cause = advice.driver
    left join rules
        on incidents.opening_rule_id = rules.rule_id
    left join dimensions
        on incidents.incident_id = dimensions.incident_id

),

sentences as (

    select
        incident_id,
        concat_ws(
            ' ',
            case
                when linked_change is null
                    then concat(
                        'Since ', {{ instant_text('onset_at') }}, ', no known change near it:'
                    )
                else concat('Since ', linked_change, ':')
            end,
            concat(
                coalesce(
                    nullif(concat_ws('; ', cause_text, cache_text, input_text), ''),
                    rule_text,
                    opening_rule_id
                ), '.'
            ),
            case
                when cause_cost_delta_usd is not null
                    then concat(
                        case when cause_cost_delta_usd < 0 then 'It saved ' else 'It added ' end,
                        {{ dollars_text('cause_cost_delta_usd') }},
                        case
                            when excess_usd is null then ''
                            else
                                concat(
                                    '; all in all ', {{ dollars_text('excess_usd') }},
                                    case when excess_usd < 0 then ' less' else ' more' end,
                                    ' than in the same hours of ',
                                    cast(baseline_week_count as varchar),
                                    case
                                        when baseline_week_count = 1 then ' earlier week'
                                        else ' earlier weeks'
                                    end
                                )
                        end, '.'
                    )
            end,
            case
                when dimension is not null
                    then concat(
                        {{ percent_text('explanatory_share') }}, ' of it is ',
                        replace(replace(dimension, '_id', ''), '|', ' and '), ' ',
                        replace(dimension_value, '|', ' and '),
                        case
                            when rest_change_share is not null
                                then concat(
                                    '; the rest changed by ',
                                    {{ percent_text('rest_change_share') }}
                                )
                            else ''
                        end, '.'
                    )
            end,
            case
                when other_count > 0
                    then concat(
                        cast(other_count as varchar), ' other candidate',
                        case when other_count > 1 then 's' else '' end,
                        ' in fct_incident_changes.'
                    )
            end,
            concat('Check first: ', coalesce(check_first, 'the runbook'), '.'),
            concat('Runbook: ', runbook, '.'),
            case when kill_switch <> '' then concat('To stop it: ', kill_switch, '.') end,
            concat('Owner: ', owner, '.')
        ) as body
    from worded

),

final as (

    select

        ---------- ids
        state_changes.state_change_id,
        concat('tokenhouse-', state_changes.incident_id) as dedup_key,
        state_changes.incident_id,

        ---------- strings
        state_changes.event,
        state_changes.tier,
        state_changes.severity,
        worded.workload,
        worded.feature,
        worded.environment,
        worded.team,
        worded.owner,
        concat(
            replace(worded.workload, '|', '/'), ': ',
            case
                when state_changes.excess_usd is null then coalesce(worded.rule_text, 'unusual')
                else concat(
                    {{ dollars_text('state_changes.excess_usd') }},
                    case when state_changes.excess_usd < 0 then ' below' else ' above' end,
                    ' expected',
                    case
                        when worded.cause_name is null then ''
                        else concat(', ', worded.cause_name)
                    end
                )
            end
        ) as title,
        case
            when state_changes.said_by is null and state_changes.reason is null
                then sentences.body
            else concat_ws(
                ' ',
                concat(
                    'Said by ', coalesce(state_changes.said_by, 'somebody'), ': ',
                    coalesce(state_changes.reason, 'no reason given'), '.'
                ),
                sentences.body
            )
        end as body,
        worded.runbook,
        coalesce(worded.kill_switch, '') as kill_switch,
        worded.rules,
        coalesce(worded.likely_cause, '') as likely_cause,
        coalesce(worded.linked_change, '') as linked_change,

        ---------- numerics
        state_changes.excess_usd,

        ---------- dates and timestamps
        state_changes.occurred_at,
        state_changes.known_at

    from state_changes
    inner join worded
        on state_changes.incident_id = worded.incident_id
    inner join sentences
        on state_changes.incident_id = sentences.incident_id

)

select * from final
