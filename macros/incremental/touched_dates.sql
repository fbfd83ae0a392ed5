{#
    Which days a build restates.

    The build (pipeline/build.py) fills `lake.touched_dates` with the UTC dates that landed since
    the last build, and with neighbours whose retried operations they change. Reading the list
    when a model runs, and writing it out as literals, lets DuckDB skip the Parquet files of all
    other dates, and leaves dbt's parsed project valid from build to build.
#}
{% macro touched_dates(tested_only=false) -%}
    {%- if not execute -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set rows = run_query(
        'select event_date from ' ~ source('lake', 'touched_dates')
        ~ (' where is_tested' if tested_only else '') ~ ' order by event_date'
    ) -%}
    {{ return(rows.columns[0].values() | list) }}
{%- endmacro %}

{# The rows to build: every row in a full refresh, else those of the touched dates. #}
{% macro in_touched_dates(date_column) -%}
    {%- if flags.FULL_REFRESH -%}
        true
    {%- else -%}
        {{ date_in_list(date_column, touched_dates()) }}
    {%- endif -%}
{%- endmacro %}

{# As `in_touched_dates`, with the day before and the day after each touched date. #}
{% macro in_dates_around_touched(date_column) -%}
    {%- if flags.FULL_REFRESH -%}
        true
    {%- else -%}
        {{ date_in_list(date_column, days_around(touched_dates())) }}
    {%- endif -%}
{%- endmacro %}

{#
    Reporting days that rows of the touched dates may lie in. In UTC a reporting day is an event
    date; in any other zone an event date also reaches into a neighbouring day.
#}
{% macro in_touched_reporting_days(date_column) -%}
    {%- if flags.FULL_REFRESH -%}
        true
    {%- else -%}
        {{ date_in_list(date_column, touched_reporting_days()) }}
    {%- endif -%}
{%- endmacro %}

{# The touched dates whose single calls are tested; see write_touched_dates in the build. #}
{% macro in_tested_dates(date_column) -%}
    {{ date_in_list(date_column, touched_dates(tested_only=true)) }}
{%- endmacro %}

{# As `in_tested_dates`, with the day before and the day after each. #}
{% macro in_dates_around_tested(date_column) -%}
    {{ date_in_list(date_column, days_around(touched_dates(tested_only=true))) }}
{%- endmacro %}

{% macro touched_reporting_days() -%}
    {%- if var('reporting_timezone') == 'UTC' -%}
        {{ return(touched_dates()) }}
    {%- else -%}
        {{ return(days_around(touched_dates())) }}
    {%- endif -%}
{%- endmacro %}

{% macro days_around(dates) -%}
    {%- set days = [] -%}
    {%- for date in dates -%}
        {%- for offset in [-1, 0, 1] -%}
            {%- do days.append(date + modules.datetime.timedelta(days=offset)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(days | unique | sort) }}
{%- endmacro %}

{% macro date_in_list(date_column, dates) -%}
    {%- if dates -%}
        {{ date_column }} in (
            {%- for date in dates -%}
                date '{{ date }}'{{ ', ' if not loop.last }}
            {%- endfor -%}
        )
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}
