{{ config(
    materialized='incremental',
    incremental_strategy='restated',
    unique_key='event_date',
    meta={'restated_by': 'touched_task_dates'},
    on_schema_change='fail',
) }}

/*
    Grain: event_date, event_id (of the call), key_kind.

    Calls that a product event without a task id may mean: it names their operation, request,
    run, trace or session. `task_id` is the call's own, else that of its narrowest key here; the
    row that says so has `decides_task`. Without such events the table is empty.
*/
with

calls as (

    select
        event_date,
        event_id,
        task_id,
        {% for _, column in task_keys() %}
            {{ column }},
        {% endfor %}
        started_at
    from {{ ref('stg_lake__calls') }}
    where
        component_index = 0
        and {{ in_touched_task_dates('event_date') }}

),

events as (

    select
        event_date,
        {{ event_key_kind('events') }} as key_kind,
        {{ event_key_value('events') }} as key_value
    from {{ ref('stg_product__events') }} as events
    where
        events.task_id is null
        and {{ is_named_in(ref('int_success_rules'), 'events.event_name') }}
        and {{ in_dates_near('events.event_date', 'touched_task_dates', before=1, after=30) }}

),

keys as (

    select distinct
        event_date,
        key_kind,
        key_value
    from events
    where key_kind is not null

),

matches as (

    {% for kind, column in task_keys() %}
        {{ 'union all' if not loop.first }}
        select distinct
            calls.event_date,
            calls.event_id,
            '{{ kind }}' as key_kind,
            {{ loop.index }} as key_rank,
            keys.key_value,
            calls.task_id as logged_task_id,
            calls.started_at
        from calls
        inner join keys
            on
                calls.{{ column }} = keys.key_value
                and keys.key_kind = '{{ kind }}'
                and {{ in_reach_of_key('calls.event_date', 'keys.event_date') }}
    {% endfor %}

),

ranked as (

    select
        *,
        row_number() over (
            partition by event_date, event_id
            order by key_rank
        ) as narrowness,
        first_value({{ task_of_key('key_kind', 'key_value') }}) over (
            partition by event_date, event_id
            order by key_rank
        ) as task_of_narrowest_key
    from matches

),

final as (

    select
        event_date,
        event_id,
        key_kind,
        key_value,
        coalesce(logged_task_id, task_of_narrowest_key) as task_id,
        logged_task_id is null and narrowness = 1 as decides_task,
        started_at
    from ranked

)

select * from final
