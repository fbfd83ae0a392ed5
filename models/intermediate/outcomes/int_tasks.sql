{{ config(
    materialized='incremental',
    incremental_strategy='restated',
    unique_key='task_id',
    meta={'restated_by': 'int_tasks_restated'},
    on_schema_change='fail',
) }}

/*
    Grain: task_id.

    A task is what its first call says: tenant, feature and versions, also where a later call
    says otherwise, even another tenant. Without calls it is what its first event says. Nothing
    here depends on how late it is; fct_tasks adds that.

    What became of it: of the events that count (not taken back, known to the rules of its
    feature on the day it began, not after their window) the last one decides. An event that
    takes another back is never itself a success.
*/
{% set dimensions = [
    'tenant_id',
    'feature',
    'environment',
    'team',
    'workload_class',
    'workflow_id',
    'prompt_version',
    'route_policy_version',
] %}

with

rules as (

    select * from {{ ref('int_success_rules') }}

),

contexts as (

    select * from {{ ref('int_call_contexts') }}

),

periods as (

    select * from {{ ref('int_attribution_periods') }}

),

sums as (

    select *
    from {{ ref('int_task_costs_summed_daily') }}
    where
        {{ in_restated('task_id', ref('int_tasks_restated')) }}

),

events as (

    select *
    from {{ ref('int_task_events') }}
    where
        {{ in_restated('task_id', ref('int_tasks_restated')) }}

),

called as (

    select
        task_id,
        {{ call_sums_joined() }}
    from sums
    group by task_id

),

evented as (

    select
        task_id,
        count(*) as event_count,
        min(event_date) as first_event_date,
        max(event_date) as last_event_date,
        {% for column in ['tenant_id', 'feature', 'workflow_id'] %}
            min_by({{ column }}, {{ in_order(['occurred_at', 'event_id']) }})
            filter (where {{ column }} is not null) as {{ column }},
        {% endfor %}
        min(occurred_at) as first_event_at
    from events
    group by task_id

),

opened as (

    select
        called.*,
        called.first_started_at as opened_at,
        {% for column in attributed_columns() %}
            {{ attributed(column, 'contexts') }} as {{ column }},
        {% endfor %}
        {{ or_unattributed('contexts.workflow_id') }} as workflow_id,
        {{ or_unattributed('contexts.prompt_version') }} as prompt_version,
        {{ or_unattributed('contexts.route_policy_version') }} as route_policy_version
    from called
    left join contexts
        on called.context_id = contexts.context_id
    left join periods
        on {{ in_attribution_period('contexts', 'called.first_started_at') }}

),

tasks as (

    select
        coalesce(opened.task_id, evented.task_id) as task_id,
        opened.task_id is not null as has_calls,
        {% for column in dimensions %}
            {% if column in ['tenant_id', 'feature', 'workflow_id'] %}
                coalesce(
                    opened.{{ column }},
                    evented.{{ column }},
                    '(unattributed)'
                ) as {{ column }},
            {% else %}
                {{ or_unattributed('opened.' ~ column) }} as {{ column }},
            {% endif %}
        {% endfor %}
        coalesce(opened.opened_at, evented.first_event_at) as opened_at,
        opened.last_started_at as last_call_at,
        opened.first_call_date,
        opened.last_call_date,
        evented.first_event_at,
        evented.first_event_date,
        evented.last_event_date,
        {% for column in task_count_columns() %}
            coalesce(opened.{{ column }}, 0) as {{ column }},
        {% endfor %}
        {% for column in task_token_columns() + task_cost_columns() %}
            opened.{{ column }},
        {% endfor %}
        coalesce(evented.event_count, 0) as event_count
    from opened
    full outer join evented
        on opened.task_id = evented.task_id

),

-- The rules of a feature on a day: its own where it has any, else those of '*'.
scopes as (

    select
        days.feature,
        days.opened_day,
        case when count(own.feature) > 0 then days.feature else '*' end as rule_feature
    from (
        select distinct
            feature,
            cast(opened_at as date) as opened_day
        from tasks
    ) as days
    left join rules as own
        on
            days.feature = own.feature
            and days.opened_day >= own.valid_from
            and days.opened_day < own.valid_to
    group by
        days.feature,
        days.opened_day

),

windows as (

    select
        scopes.feature,
        scopes.opened_day,
        scopes.rule_feature,
        coalesce(
            max(case when rules.outcome = 'success' then rules.window_hours end),
            max(rules.window_hours)
        ) as window_hours
    from scopes
    left join rules
        on
            scopes.rule_feature = rules.feature
            and scopes.opened_day >= rules.valid_from
            and scopes.opened_day < rules.valid_to
    group by
        scopes.feature,
        scopes.opened_day,
        scopes.rule_feature

),

-- Left joins on purpose: each event has its task and its window, and the engine then keeps this
-- order and does not multiply all tasks by all rules first.
placed as (

    select
        events.event_id,
        events.task_id,
        events.event_name,
        events.label,
        events.event_value,
        events.occurred_at,
        events.known_at,
        events.is_taken_back,
        events.is_retraction,
        tasks.opened_at,
        windows.opened_day,
        windows.rule_feature
    from events
    left join tasks
        on events.task_id = tasks.task_id
    left join windows
        on
            tasks.feature = windows.feature
            and cast(tasks.opened_at as date) = windows.opened_day

),

ruled as (

    select
        placed.event_id,
        placed.task_id,
        placed.occurred_at,
        placed.known_at,
        placed.is_taken_back,
        rules.outcome,
        placed.occurred_at <= placed.opened_at + rules.window_hours * interval 1 hour
            as is_in_time,
        row_number() over (
            partition by placed.event_id
            order by rules.rule_rank asc, rules.window_hours desc
        ) as rule_choice
    from placed
    inner join rules
        on
            placed.rule_feature = rules.feature
            and placed.opened_day >= rules.valid_from
            and placed.opened_day < rules.valid_to
            and (rules.event_name = '*' or rules.event_name = placed.event_name)
            and (rules.label is null or rules.label = placed.label)
            and (rules.min_value is null or rules.min_value <= placed.event_value)
            and (rules.max_value is null or rules.max_value >= placed.event_value)
    where not (placed.is_retraction and rules.outcome = 'success')

),

judged as (

    select
        *,
        case when not is_taken_back and is_in_time then outcome end as counted_outcome
    from ruled
    where rule_choice = 1

),

outcomes as (

    select
        task_id,
        count(*) as outcome_event_count,
        max_by(counted_outcome, {{ in_order(['occurred_at', 'known_at', 'event_id']) }})
        filter (where counted_outcome is not null) as outcome,
        max(case when counted_outcome = 'failure' then occurred_at end) as last_failure_at
    from judged
    group by task_id

),

successes as (

    select
        judged.task_id,
        min(judged.occurred_at) as succeeded_at
    from judged
    inner join outcomes
        on judged.task_id = outcomes.task_id
    where
        judged.counted_outcome = 'success'
        and outcomes.outcome = 'success'
        and (
            outcomes.last_failure_at is null
            or judged.occurred_at >= outcomes.last_failure_at
        )
    group by judged.task_id

),

final as (

    select
        tasks.task_id,
        tasks.has_calls,
        {% for column in dimensions %}
            tasks.{{ column }},
        {% endfor %}
        {{ reporting_date('tasks.opened_at', 'cast(tasks.opened_at as date)') }} as opened_date,
        tasks.opened_at,
        tasks.last_call_at,
        tasks.first_call_date,
        tasks.last_call_date,
        tasks.first_event_at,
        tasks.first_event_date,
        tasks.last_event_date,
        windows.window_hours,
        tasks.opened_at + windows.window_hours * interval 1 hour as window_ends_at,
        outcomes.outcome,
        successes.succeeded_at,
        {% for column in task_count_columns() + task_token_columns() + task_cost_columns() %}
            tasks.{{ column }},
        {% endfor %}
        tasks.event_count,
        coalesce(outcomes.outcome_event_count, 0) as outcome_event_count
    from tasks
    left join windows
        on
            tasks.feature = windows.feature
            and cast(tasks.opened_at as date) = windows.opened_day
    left join outcomes
        on tasks.task_id = outcomes.task_id
    left join successes
        on tasks.task_id = successes.task_id

)

select * from final
