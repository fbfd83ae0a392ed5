{{ config(
    materialized='incremental',
    incremental_strategy='restated',
    unique_key='event_date',
    meta={'restated_by': 'touched_event_dates'},
    on_schema_change='fail',
) }}

/*
    Grain: event_id; product events that belong to a task, revoked ones too.

    An event names its task, or a key of its calls: then it belongs to the last task those calls
    work for that had begun when it occurred, else to the first one. Where no call is found, the
    key is a task without calls. An event of a name that no rule knows makes no key a task.
*/
with

all_events as (

    select * from {{ ref('stg_product__events') }}

),

-- An event may say of another that it never happened, or that it stands for it. One that was
-- taken back itself says nothing of others.
revoked_revokers as (

    select distinct revokes_event_id as event_id
    from all_events
    where revokes_event_id is not null and not is_revoked

),

revoked as (

    select all_events.revokes_event_id as event_id
    from all_events
    left join revoked_revokers
        on all_events.event_id = revoked_revokers.event_id
    where
        all_events.revokes_event_id is not null
        and not all_events.is_revoked
        and revoked_revokers.event_id is null

    union

    select all_events.supersedes_event_id as event_id
    from all_events
    left join revoked_revokers
        on all_events.event_id = revoked_revokers.event_id
    where
        all_events.supersedes_event_id is not null
        and not all_events.is_revoked
        and revoked_revokers.event_id is null

),

events as (

    select
        all_events.*,
        all_events.is_revoked or revoked.event_id is not null as is_taken_back,
        {{ event_key_kind('all_events') }} as key_kind,
        {{ event_key_value('all_events') }} as key_value
    from all_events
    left join revoked
        on all_events.event_id = revoked.event_id
    where {{ in_touched_event_dates('all_events.event_date') }}

),

keyed as (

    select *
    from events
    where
        task_id is null
        and key_kind is not null
        and {{ is_named_in(ref('int_success_rules'), 'event_name') }}

),

-- grain: key, task, date
tasks_of_keys as (

    select
        key_kind,
        key_value,
        task_id,
        event_date,
        min(started_at) as first_started_at
    from {{ ref('int_calls_matched_to_events') }}
    where {{ in_dates_near('event_date', 'touched_event_dates', before=30, after=1) }}
    group by
        key_kind,
        key_value,
        task_id,
        event_date

),

candidates as (

    select
        keyed.event_id,
        keyed.occurred_at,
        tasks_of_keys.task_id,
        min(tasks_of_keys.first_started_at) as opened_at
    from keyed
    inner join tasks_of_keys
        on
            keyed.key_kind = tasks_of_keys.key_kind
            and keyed.key_value = tasks_of_keys.key_value
            and {{ in_reach_of_key('tasks_of_keys.event_date', 'keyed.event_date') }}
    group by
        keyed.event_id,
        keyed.occurred_at,
        tasks_of_keys.task_id

),

ranked as (

    select
        event_id,
        task_id,
        row_number() over (
            partition by event_id
            order by
                case when opened_at <= occurred_at then 0 else 1 end asc,
                case when opened_at <= occurred_at then opened_at end desc,
                opened_at asc,
                task_id asc
        ) as candidate_rank
    from candidates

),

resolved as (

    select
        events.*,
        case
            when events.task_id is not null then events.task_id
            when ranked.task_id is not null then ranked.task_id
            when keyed.event_id is not null
                then {{ task_of_key('keyed.key_kind', 'keyed.key_value') }}
        end as resolved_task_id
    from events
    left join keyed
        on events.event_id = keyed.event_id
    left join ranked
        on
            events.event_id = ranked.event_id
            and ranked.candidate_rank = 1

),

final as (

    select
        event_id,
        resolved_task_id as task_id,
        tenant_id,
        feature,
        workflow_id,
        lower(event_name) as event_name,
        lower(label) as label,
        event_value,
        is_taken_back,
        revokes_event_id is not null as is_retraction,
        event_date,
        occurred_at,
        least(coalesce(observed_at, occurred_at), landed_at) as known_at
    from resolved
    where resolved_task_id is not null

)

select * from final
