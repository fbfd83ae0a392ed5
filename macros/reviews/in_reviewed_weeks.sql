{#
    The days of the reviewed week and the one before, as literals, so that a build reads two weeks
    and not all there is. A UTC date may lie a day beside the reporting days: `slack_days` more.
#}
{% macro in_reviewed_weeks(date_column, weeks, slack_days=0) -%}
    {%- if not execute -%}
        {{ return('true') }}
    {%- endif -%}
    {%- set span = run_query(
        'select min(week_start_date), max(week_end_date) from ' ~ weeks ~ ' where weeks_ago <= 1'
    ) -%}
    {%- set first_day = span.columns[0].values()[0] -%}
    {%- if first_day is none -%}
        {{ return('false') }}
    {%- endif -%}
    {%- set slack = modules.datetime.timedelta(days=slack_days) -%}
    {{ date_column }} between date '{{ first_day - slack }}'
            and date '{{ span.columns[1].values()[0] + slack }}'
{%- endmacro %}
