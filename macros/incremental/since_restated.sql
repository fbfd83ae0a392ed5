{#
    Detection restates everything from the first touched day on: an hour's baselines look back, so
    a late row may change what is expected of later days, never of earlier ones. The first day is
    a column of int_metric_clock; it is read when a model runs and written out as a literal.
#}
{% macro restated_from(clock) -%}
    {%- if not execute or flags.FULL_REFRESH -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set rows = run_query('select max(restated_from_date) from ' ~ clock) -%}
    {{ return(rows.columns[0].values()[0]) }}
{%- endmacro %}

{# The rows to build; `lookback_days` earlier for what they are compared with. #}
{% macro since_restated(date_column, lookback_days=0) -%}
    {%- set clock = ref('int_metric_clock') -%}
    {%- set first_day = restated_from(clock) -%}
    {%- if first_day is none -%}
        true
    {%- else -%}
        {{ date_column }} >= date '{{ first_day - modules.datetime.timedelta(days=lookback_days) }}'
    {%- endif -%}
{%- endmacro %}

{#
    Incremental strategy `since_restated`: replaces everything from the first restated day on.
    The model's `unique_key` names its day column.
#}
{% macro get_incremental_since_restated_sql(arg_dict) -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}

    delete from {{ arg_dict['target_relation'] }}
    where {{ since_restated(arg_dict['unique_key']) }}
    ;

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict['temp_relation'] }}
{%- endmacro %}

{# The first day this build restates at all, as a literal; NULL when there is none. #}
{% macro first_touched_date() -%}
    {{ earliest(touched_dates()) }}
{%- endmacro %}

{#
    The first day whose successes a touched product event may change: what became of a task is
    decided until its window is over, so an event reaches so many days back.
#}
{% macro first_restated_success_date() -%}
    (
        select
            {{ earliest(dates_of('touched_event_dates')) }}
            - cast(max(rules.window_hours) / 24 as integer) - 1
        from {{ ref('int_success_rules') }} as rules
        where exists (
            select 1
            from {{ ref('int_alert_rules_enabled') }} as watched
            where watched.metric = 'tokens_per_success'
        )
    )
{%- endmacro %}

{# The earliest of some dates as a literal; NULL where there are none. #}
{% macro earliest(dates) -%}
    {%- if dates -%}
        date '{{ dates | min }}'
    {%- else -%}
        cast(null as date)
    {%- endif -%}
{%- endmacro %}

{# Whether an earlier build left this table. #}
{% macro relation_exists(relation) -%}
    {{ return(execute and load_relation(relation) is not none) }}
{%- endmacro %}
