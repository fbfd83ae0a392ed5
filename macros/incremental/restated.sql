{#
    Restating tasks and runs: what a build hands to models that are not cut by call dates.

    `lake.touched_task_dates` are the touched dates and those of calls that a new product event
    names by a key; `lake.touched_event_dates` the dates of events to read again
    (pipeline/plan.py). A task or run is restated whole when one of its calls or events is on
    such a date, now or when the last build looked.
#}
{% macro dates_of(name) -%}
    {%- if not execute -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set rows = run_query(
        'select event_date from ' ~ source('lake', name) ~ ' order by event_date'
    ) -%}
    {{ return(rows.columns[0].values() | list) }}
{%- endmacro %}

{# The calls' dates on which tasks are summed anew; every date in a full refresh. #}
{% macro in_touched_task_dates(date_column) -%}
    {%- if flags.FULL_REFRESH -%}
        true
    {%- else -%}
        {{ date_in_list(date_column, dates_of('touched_task_dates')) }}
    {%- endif -%}
{%- endmacro %}

{# The events' dates that are read anew; every date in a full refresh. #}
{% macro in_touched_event_dates(date_column) -%}
    {%- if flags.FULL_REFRESH -%}
        true
    {%- else -%}
        {{ date_in_list(date_column, dates_of('touched_event_dates')) }}
    {%- endif -%}
{%- endmacro %}

{# The dates within some days of touched ones, `before` and `after` counted; else every date. #}
{% macro in_dates_near(date_column, name, before, after) -%}
    {%- if flags.FULL_REFRESH -%}
        true
    {%- else -%}
        {%- set days = [] -%}
        {%- for date in dates_of(name) -%}
            {%- for offset in range(-before, after + 1) -%}
                {%- do days.append(date + modules.datetime.timedelta(days=offset)) -%}
            {%- endfor -%}
        {%- endfor -%}
        {{ date_in_list(date_column, days | unique | sort) }}
    {%- endif -%}
{%- endmacro %}

{# A stored row whose first to last date holds a touched one: neighbours are one range. #}
{% macro spans_touched(first_date, last_date, name) -%}
    {%- set spans = [] -%}
    {%- for date in dates_of(name) -%}
        {%- if spans and (date - spans[-1][1]).days == 1 -%}
            {%- set previous = spans.pop() -%}
            {%- do spans.append((previous[0], date)) -%}
        {%- else -%}
            {%- do spans.append((date, date)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for first, last in spans -%}
        {{ ' or ' if not loop.first }}(
            {{- first_date }} <= date '{{ last }}' and {{ last_date }} >= date '{{ first }}')
    {%- else -%}
        false
    {%- endfor -%}
{%- endmacro %}

{#
    What the last build left of a model that is built after this one: not a ref, which would be
    a circle. Only for increments; a full refresh starts from nothing.
#}
{% macro as_last_built(model_name) -%}
    {{ this.include(identifier=false) }}.{{ model_name }}
{%- endmacro %}

{#
    A select of the ids of what has a call on a touched date: by the sums as they are now, and by
    the rows of `stored` as the last build left them (`first_call_date` to `last_call_date`).
    Nothing in a full refresh, which asks nobody what to restate.
#}
{% macro ids_restated_by_calls(id, sums, stored, dates='touched_task_dates') -%}
    {%- if flags.FULL_REFRESH -%}
        select {{ id }} from {{ sums }} where false
    {%- else -%}
        select {{ id }} from {{ sums }} where {{ date_in_list('event_date', dates_of(dates)) }}
        union
        select {{ id }}
        from {{ as_last_built(stored) }}
        where {{ spans_touched('first_call_date', 'last_call_date', dates) }}
    {%- endif -%}
{%- endmacro %}

{# As above, by events: `first_event_date` to `last_event_date`. #}
{% macro ids_restated_by_events(id, events, stored) -%}
    {%- if flags.FULL_REFRESH -%}
        select {{ id }} from {{ events }} where false
    {%- else -%}
        select {{ id }}
        from {{ events }}
        where {{ date_in_list('event_date', dates_of('touched_event_dates')) }}
        union
        select {{ id }}
        from {{ as_last_built(stored) }}
        where {{ spans_touched('first_event_date', 'last_event_date', 'touched_event_dates') }}
    {%- endif -%}
{%- endmacro %}

{# The ids of `touched` with the day the last build had them on; NULL for those it did not know. #}
{% macro with_days_before(id, touched, stored, day) -%}
    {%- if flags.FULL_REFRESH -%}
        select
            {{ id }},
            cast(null as date) as previous_{{ day }}
        from {{ touched }}
    {%- else -%}
        select
            {{ touched }}.{{ id }},
            before.{{ day }} as previous_{{ day }}
        from {{ touched }}
        left join {{ as_last_built(stored) }} as before
            on {{ touched }}.{{ id }} = before.{{ id }}
    {%- endif -%}
{%- endmacro %}

{#
    A select of the days to sum anew: of what was made anew now and before (`restated`), and those
    the last build called unfinished in `summed`, if named. Nothing in a full refresh.
#}
{% macro days_restated(id, entities, restated, day, summed=none) -%}
    {%- if flags.FULL_REFRESH -%}
        select {{ day }} from {{ entities }} where false
    {%- else -%}
        select {{ day }} from {{ entities }} where {{ in_restated(id, restated) }}
        union
        select previous_{{ day }} as {{ day }}
        from {{ restated }}
        where previous_{{ day }} is not null
        {%- if summed %}
        union
        select {{ day }} from {{ as_last_built(summed) }} where not is_mature
        {%- endif %}
    {%- endif -%}
{%- endmacro %}

{# The rows to build: every row in a full refresh, else those that `restated` lists as `listed`. #}
{% macro in_restated(column, restated, listed=none) -%}
    {%- if flags.FULL_REFRESH -%}
        true
    {%- else -%}
        {{ column }} in (select {{ listed or column.split('.')[-1] }} from {{ restated }})
    {%- endif -%}
{%- endmacro %}

{#
    Incremental strategy `restated`: deletes what `meta.restated_by` says, then inserts what the
    model selected. That is `touched_task_dates` or `touched_event_dates`, or the name of a model
    that lists values of the model's `unique_key`.
#}
{% macro get_incremental_restated_sql(arg_dict) -%}
    {%- set key = arg_dict['unique_key'] -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    {%- set restated_by = config.get('meta')['restated_by'] -%}

    delete from {{ arg_dict['target_relation'] }}
    where
        {% if restated_by == 'touched_task_dates' %}
            {{ in_touched_task_dates(key) }}
        {% elif restated_by == 'touched_event_dates' %}
            {{ in_touched_event_dates(key) }}
        {% else %}
            {{ key }} in (select {{ key }} from {{ ref(restated_by) }})
        {% endif %}
    ;

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict['temp_relation'] }}
{%- endmacro %}
