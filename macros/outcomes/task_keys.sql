{#
    How a product event without a task id may name its calls: (kind, column), narrowest first.
    A call without a task id works for the task that its narrowest such key names.
#}
{% macro task_keys() -%}
    {{ return([
        ('operation', 'operation_id'),
        ('request', 'request_id'),
        ('run', 'run_id'),
        ('trace', 'trace_id'),
        ('session', 'session_id'),
    ]) }}
{%- endmacro %}

{# How the task of a key is called when its calls have no task id of their own. #}
{% macro task_of_key(kind, value) -%}
    concat({{ kind }}, ':', {{ value }})
{%- endmacro %}

{# The kind and the value of the narrowest key an event names; NULL without any. #}
{% macro event_key_kind(events) -%}
    case
        {% for kind, column in task_keys() %}
            when {{ events }}.{{ column }} is not null then '{{ kind }}'
        {% endfor %}
    end
{%- endmacro %}

{% macro event_key_value(events) -%}
    coalesce(
        {% for kind, column in task_keys() %}
            {{ events }}.{{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    )
{%- endmacro %}

{#
    Calls an event's key may mean: from 30 days before it to the day after. Keys come back
    (sessions, traces numbered by a counter), and a landing must not search all history.
#}
{% macro in_reach_of_key(call_date, event_date) -%}
    {{ call_date }} >= cast({{ event_date }} - interval 30 day as date)
            and {{ call_date }} <= cast({{ event_date }} + interval 1 day as date)
{%- endmacro %}

{# Some row of success_events knows the event's name. #}
{% macro is_named_in(rules, event_name) -%}
    exists (
            select 1
            from {{ rules }} as named
            where named.event_name in ('*', lower({{ event_name }}))
        )
{%- endmacro %}
